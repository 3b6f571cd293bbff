// name: risky-users
// title: Who sent malicious urls
// description: Users who sent at least one malicious url: which ones, in how many messages, and when for the first
//   and last time.
// returns: table
// columns: user, name, urls, messages, first, last
// notebook: risky_users, of which "Users who sent suspicious URLs:" is made
// tags: sender
// mitre: T1566.002

MATCH (url:Url {risky: true})<-[contains:CONTAINS]-(message:Message)<-[sent:SENT]-(sender:User)
WHERE all(x IN [url, contains, message, sent, sender] WHERE $case IS NULL OR $case IN x.cases)
  AND coalesce($case IN url.risky_in, url.risky)
WITH sender, url, message, coalesce(message.created, sent.at) AS at
ORDER BY url.id
WITH sender, collect(DISTINCT url.id) AS urls, count(DISTINCT message) AS messages,
     min(at) AS first, max(at) AS last
RETURN coalesce(sender.upn, sender.name, sender.id) AS user, sender.name AS name, urls, messages, first, last
ORDER BY messages DESC, first, user, name, urls, last;
