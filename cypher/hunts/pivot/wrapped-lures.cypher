// name: wrapped-lures
// title: What malicious links were wrapped in
// description: Redirectors around malicious urls, as they stood in messages: Safe Links shows which ones passed
//   through it, a search engine or social network that somebody hid the target. none are links that led
//   straight there; a link in two wrappers counts for both.
// returns: table
// columns: wrapper, urls, messages, senders
// tags: url, lure
// mitre: T1566.002

MATCH (url:Url {risky: true})<-[contains:CONTAINS]-(message:Message)
WHERE all(x IN [url, contains, message] WHERE $case IS NULL OR $case IN x.cases)
  AND coalesce($case IN url.risky_in, url.risky)
OPTIONAL MATCH (message)<-[sent:SENT]-(sender:User)
WHERE all(x IN [sent, sender] WHERE $case IS NULL OR $case IN x.cases)
WITH url, message, sender, CASE
    WHEN $case IS NULL OR contains.wrapped_by_in IS NULL THEN coalesce(contains.wrapped_by, [])
    ELSE [said IN contains.wrapped_by_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)]
  END AS wrappers
UNWIND CASE wrappers WHEN [] THEN ['none'] ELSE wrappers END AS wrapper
WITH wrapper, url, message, sender
ORDER BY url.id
WITH wrapper, collect(DISTINCT url.id) AS urls, count(DISTINCT message) AS messages, count(DISTINCT sender) AS senders
RETURN wrapper, urls, messages, senders
ORDER BY messages DESC, wrapper, urls, senders;
