// name: redirect-chains
// title: Where clicked links really led
// description: Chains of redirects as Safe Links followed them when somebody clicked: from a url that somebody clicked
//   or that nothing leads to, over the urls in via, to the last one. hops counts the steps, clicks the clicks that were
//   led over the least used of them. risky is true when the last url is malicious, risky_from when the first one is:
//   a harmless start with a malicious end is a shortener or an open redirect that hides it. clicked_by are the users
//   who clicked the first one. Steps of different
//   clicks are joined, so nobody need have gone the whole way. At most limit chains of at most four steps, those with a
//   malicious end first.
// parameters: limit integer optional default 500 example 100
// returns: table
// columns: from, via, to, hops, clicks, risky_from, risky, clicked_by
// tags: url, redirect
// mitre: T1566.002, T1608.005

MATCH (first:Url)-[led:REDIRECTS_TO]->(second:Url)
WHERE all(x IN [first, led, second] WHERE $case IS NULL OR $case IN x.cases)
WITH DISTINCT first
WHERE NOT EXISTS {
    MATCH (before:Url)-[led:REDIRECTS_TO]->(first)
    WHERE all(x IN [before, led] WHERE $case IS NULL OR $case IN x.cases)
  }
  OR EXISTS {
    MATCH (somebody:User)-[did:OPENED|CLICKED]->(first)
    WHERE all(x IN [somebody, did] WHERE $case IS NULL OR $case IN x.cases)
  }
MATCH path = (first)-[:REDIRECTS_TO*1..4]->(last:Url)
WHERE all(x IN nodes(path) + relationships(path) WHERE $case IS NULL OR $case IN x.cases)
  AND all(node IN nodes(path) WHERE single(other IN nodes(path) WHERE other = node))
  AND (length(path) = 4 OR NOT EXISTS {
    MATCH (last)-[led:REDIRECTS_TO]->(further:Url)
    WHERE NOT further IN nodes(path) AND all(x IN [led, further] WHERE $case IS NULL OR $case IN x.cases)
  })
CALL (path) {
  UNWIND range(1, length(path)) AS step
  WITH nodes(path)[step - 1] AS here, nodes(path)[step] AS there
  MATCH (here)-[hop:REDIRECTS_TO]->(there)
  WHERE ($case IS NULL OR $case IN hop.cases)
  RETURN min(CASE
      WHEN $case IS NULL OR hop.count_in IS NULL THEN hop.count
      ELSE toInteger(head([said IN hop.count_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)]))
    END) AS clicks
}
RETURN first.id AS from, [node IN nodes(path)[1..-1] | node.id] AS via, last.id AS to, length(path) AS hops, clicks,
       coalesce($case IN first.risky_in, first.risky, false) AS risky_from,
       coalesce($case IN last.risky_in, last.risky, false) AS risky,
       COLLECT {
         MATCH (first)<-[did:OPENED|CLICKED]-(user:User)
         WHERE all(x IN [did, user] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT coalesce(user.upn, user.name, user.id) AS who
         ORDER BY who
       } AS clicked_by
ORDER BY risky DESC, size(clicked_by) DESC, clicks DESC, from, hops, to, via, risky_from, clicked_by
LIMIT toInteger($limit);
