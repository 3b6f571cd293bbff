// name: click-addresses
// title: From which addresses malicious urls were clicked
// description: IP addresses of clicks on malicious urls as Safe Links saw them. One address with many users is an
//   office or a proxy; one that is not yours is a person away from it, or somebody else.
// returns: table
// columns: address, users, urls, first, last
// tags: user, infrastructure
// mitre: T1204.001

MATCH (user:User)-[clicked:CLICKED]->(url:Url {risky: true})
WHERE all(x IN [user, clicked, url] WHERE $case IS NULL OR $case IN x.cases)
  AND coalesce($case IN url.risky_in, url.risky)
UNWIND [ip IN clicked.ips WHERE coalesce($case + '/' + ip IN clicked.ips_in, true)] AS address
WITH address, coalesce(user.upn, user.name, user.id) AS who, url.id AS url, clicked
ORDER BY who, url
WITH address, collect(DISTINCT who) AS users, collect(DISTINCT url) AS urls, min(clicked.first_seen) AS first,
     max(clicked.last_seen) AS last
RETURN address, users, COLLECT { UNWIND urls AS url RETURN url ORDER BY url } AS urls, first, last
ORDER BY size(users) DESC, address, users, urls, first, last;
