// name: repeat-clickers
// title: Who opened or clicked malicious urls more than once
// description: Users who opened or clicked at least two malicious urls, or one of them several times; through tells
//   whether they ever went on past a warning. One click can be seen both by Defender for Endpoint (opened) and by
//   Safe Links (clicked), so times adds up the larger of the two counts of each url.
// returns: table
// columns: user, name, urls, times, through, first, last
// tags: user
// mitre: T1204.001

MATCH (user:User)-[did:OPENED|CLICKED]->(url:Url {risky: true})
WHERE all(x IN [user, did, url] WHERE $case IS NULL OR $case IN x.cases)
  AND coalesce($case IN url.risky_in, url.risky)
WITH user, url.id AS url, max(coalesce(CASE
         WHEN $case IS NULL OR did.count_in IS NULL THEN did.count
         ELSE toInteger(head([said IN did.count_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)]))
       END, 1)) AS times,
     max(CASE WHEN coalesce($case IN did.clicked_through_in, did.clicked_through) THEN 1 ELSE 0 END) AS through,
     min(did.first_seen) AS first,
     max(did.last_seen) AS last
ORDER BY url
WITH user, collect(url) AS urls, sum(times) AS times, max(through) = 1 AS through, min(first) AS first,
     max(last) AS last
WHERE size(urls) > 1 OR times > 1
RETURN coalesce(user.upn, user.name, user.id) AS user, user.name AS name, urls, times, through, first, last
ORDER BY size(urls) DESC, times DESC, user, name, urls, through, first, last;
