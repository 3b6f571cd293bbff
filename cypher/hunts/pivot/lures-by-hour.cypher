// name: lures-by-hour
// title: At what time of day malicious links were sent
// description: Messages with a malicious url by the hour of the day in UTC in which they were sent. Hours in which
//   nobody here works speak for an outsider.
// returns: table
// columns: hour, messages, senders, urls, first, last
// tags: time, overview

MATCH (url:Url {risky: true})<-[contains:CONTAINS]-(message:Message)
WHERE message.created IS NOT NULL AND all(x IN [url, contains, message] WHERE $case IS NULL OR $case IN x.cases)
  AND coalesce($case IN url.risky_in, url.risky)
OPTIONAL MATCH (message)<-[sent:SENT]-(sender:User)
WHERE all(x IN [sent, sender] WHERE $case IS NULL OR $case IN x.cases)
WITH message.created.hour AS hour, count(DISTINCT message) AS messages, count(DISTINCT sender) AS senders,
     count(DISTINCT url) AS urls, min(message.created) AS first, max(message.created) AS last
RETURN hour, messages, senders, urls, first, last
ORDER BY hour, messages, senders, urls, first, last;
