// name: click-outcomes
// title: What Safe Links did with clicks on malicious urls
// description: Each action of Safe Links with the users and urls it concerned. passed counts the users who got
//   there at least once, by being let through or past a warning.
// returns: table
// columns: action, users, urls, passed, first, last
// tags: user, overview
// mitre: T1204.001

MATCH (user:User)-[clicked:CLICKED]->(url:Url {risky: true})
WHERE all(x IN [user, clicked, url] WHERE $case IS NULL OR $case IN x.cases)
  AND coalesce($case IN url.risky_in, url.risky)
WITH user, url, clicked,
     [action IN coalesce(clicked.actions, []) WHERE coalesce($case + '/' + action IN clicked.actions_in, true)] AS actions
UNWIND CASE actions WHEN [] THEN ['unknown'] ELSE actions END AS action
WITH action, user, url, clicked,
     coalesce($case IN clicked.clicked_through_in, clicked.clicked_through, false) OR 'ClickAllowed' IN actions AS through
WITH action, count(DISTINCT user) AS users, count(DISTINCT url) AS urls,
     count(DISTINCT CASE WHEN through THEN user END) AS passed, min(clicked.first_seen) AS first,
     max(clicked.last_seen) AS last
RETURN action, users, urls, passed, first, last
ORDER BY users DESC, action, urls, passed, first, last;
