// name: who-opened
// title: Who opened or clicked a malicious url
// description: One row for each user, url, action and host; at is the first time of all actions of that kind of
//   record. The host is one that the user worked on and that was warned about the url or connected to it.
// returns: table
// columns: user, host, url, at, action
// notebook: smartscreen_df, the users and devices of its first query
// tags: user, host
// mitre: T1204.001

CALL () {
  MATCH (user:User)-[did:OPENED]->(url:Url {risky: true})
  WHERE all(x IN [user, did, url] WHERE $case IS NULL OR $case IN x.cases)
    AND coalesce($case IN url.risky_in, url.risky)
  RETURN user, url, did.first_seen AS at, 'opened' AS action
  UNION ALL
  MATCH (user:User)-[did:CLICKED]->(url:Url {risky: true})
  WHERE all(x IN [user, did, url] WHERE $case IS NULL OR $case IN x.cases)
    AND coalesce($case IN url.risky_in, url.risky)
  WITH user, url, did,
       [action IN coalesce(did.actions, []) WHERE coalesce($case + '/' + action IN did.actions_in, true)] AS actions
  UNWIND CASE actions WHEN [] THEN ['clicked'] ELSE actions END AS action
  RETURN user, url, did.first_seen AS at, action
}
OPTIONAL MATCH (user)-[used:USED]->(host:Host)-[seen:WARNED_ABOUT|CONNECTED_TO]->(url)
WHERE all(x IN [used, host, seen] WHERE $case IS NULL OR $case IN x.cases)
WITH DISTINCT user, host, url, at, action
RETURN coalesce(user.upn, user.name, user.id) AS user, coalesce(host.name, host.id) AS host, url.id AS url, at, action
ORDER BY at, user, url, action, host;
