// name: time-to-click
// title: How long a malicious url stood before it was clicked
// description: For each user who opened or clicked a malicious url the minutes since it was first posted anywhere;
//   below zero when the user met it elsewhere first. The shortest come first.
// returns: table
// columns: url, posted, user, reacted, minutes
// tags: user, time
// mitre: T1204.001

MATCH (url:Url {risky: true})
WHERE ($case IS NULL OR $case IN url.cases) AND coalesce($case IN url.risky_in, url.risky)
CALL (url) {
  MATCH (url)<-[contains:CONTAINS]-(message:Message)
  WHERE all(x IN [contains, message] WHERE $case IS NULL OR $case IN x.cases)
  RETURN min(message.created) AS posted
}
MATCH (url)<-[did:OPENED|CLICKED]-(user:User)
WHERE posted IS NOT NULL AND all(x IN [did, user] WHERE $case IS NULL OR $case IN x.cases)
WITH url, posted, user, min(did.first_seen) AS reacted
RETURN url.id AS url, posted, coalesce(user.upn, user.name, user.id) AS user, reacted,
       duration.inSeconds(posted, reacted).seconds / 60 AS minutes
ORDER BY minutes, url, user, posted, reacted;
