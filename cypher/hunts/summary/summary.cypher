// name: summary
// title: What was found, in one sentence
// description: Malicious urls that stand in messages, who sent them and where. Urls that were only opened, clicked
//   or connected to are in suspicious-urls.
// returns: table
// columns: risky_urls, senders, messages, channels, chats, sentence
// notebook: "… malicious URL(s) sent by … user(s) in … message(s), across … channel(s)"
// tags: overview
// mitre: T1566.002

MATCH (url:Url {risky: true})<-[contains:CONTAINS]-(message:Message)
WHERE all(x IN [url, contains, message] WHERE $case IS NULL OR $case IN x.cases)
  AND coalesce($case IN url.risky_in, url.risky)
OPTIONAL MATCH (message)<-[sent:SENT]-(sender:User)
WHERE all(x IN [sent, sender] WHERE $case IS NULL OR $case IN x.cases)
OPTIONAL MATCH (message)-[posted:POSTED_IN]->(spot:Channel|Chat)
WHERE all(x IN [posted, spot] WHERE $case IS NULL OR $case IN x.cases)
WITH count(DISTINCT url) AS risky_urls,
     count(DISTINCT sender) AS senders,
     count(DISTINCT message) AS messages,
     count(DISTINCT CASE WHEN spot:Channel THEN spot END) AS channels,
     count(DISTINCT CASE WHEN spot:Chat THEN spot END) AS chats
RETURN risky_urls, senders, messages, channels, chats,
       toString(risky_urls) + ' malicious URL(s) sent by ' + toString(senders) + ' user(s) in '
         + toString(messages) + ' message(s), across ' + toString(channels) + ' channel(s) and '
         + toString(chats) + ' chat(s)' AS sentence
ORDER BY risky_urls, senders, messages, channels, chats, sentence;
