// name: unresolved-users
// title: Users that the directory did not tell more about
// description: Users known by UPN only (known_by upn: the directory did not find them, or was not asked) and users
//   with neither UPN nor name (known_by id), with the number of their messages with a link, and of the malicious
//   urls that they opened or clicked.
// returns: table
// columns: user, id, type, known_by, messages, opened
// tags: user, gap

MATCH (user:User)
WHERE ($case IS NULL OR $case IN user.cases)
WITH user,
     CASE
       WHEN $case IS NULL OR user.upn_in IS NULL THEN user.upn
       ELSE head([said IN user.upn_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
     END AS upn,
     CASE
       WHEN $case IS NULL OR user.name_in IS NULL THEN user.name
       ELSE head([said IN user.name_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
     END AS name
WHERE user.id STARTS WITH 'upn:' OR (upn IS NULL AND name IS NULL)
RETURN coalesce(upn, name, user.id) AS user, user.id AS id,
       CASE
         WHEN $case IS NULL OR user.type_in IS NULL THEN user.type
         ELSE head([said IN user.type_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
       END AS type,
       CASE WHEN user.id STARTS WITH 'upn:' THEN 'upn' ELSE 'id' END AS known_by,
       COUNT {
         MATCH (user)-[sent:SENT]->(message:Message)-[contains:CONTAINS]->(url:Url)
         WHERE all(x IN [sent, message, contains, url] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT message
       } AS messages,
       COUNT {
         MATCH (user)-[did:OPENED|CLICKED]->(url:Url {risky: true})
         WHERE all(x IN [did, url] WHERE $case IS NULL OR $case IN x.cases)
           AND coalesce($case IN url.risky_in, url.risky)
         RETURN DISTINCT url
       } AS opened
ORDER BY known_by, user, id, type, messages, opened;
