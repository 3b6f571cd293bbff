// name: bot-senders
// title: What bots and applications sent
// description: Every bot or application that sent a message with a link, where it did, and the malicious urls in
//   its messages.
// returns: table
// columns: bot, id, messages, urls, places, first, last
// tags: sender
// mitre: T1566.003

MATCH (bot:User)-[sent:SENT]->(message:Message)-[contains:CONTAINS]->(url:Url)
WHERE 'bot' = CASE
      WHEN $case IS NULL OR bot.type_in IS NULL THEN bot.type
      ELSE head([said IN bot.type_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
    END
  AND all(x IN [bot, sent, message, contains, url] WHERE $case IS NULL OR $case IN x.cases)
WITH bot, message, min(sent.at) AS sent_at,
     collect(DISTINCT CASE WHEN coalesce($case IN url.risky_in, url.risky) THEN url.id END) AS risky
WITH bot, message, coalesce(message.created, sent_at) AS at, risky
MATCH (message)-[posted:POSTED_IN]->(spot:Channel|Chat)
WHERE all(x IN [posted, spot] WHERE $case IS NULL OR $case IN x.cases)
WITH bot, spot, count(DISTINCT message) AS messages, collect(risky) AS risky, min(at) AS first, max(at) AS last
CALL (spot) {
  OPTIONAL MATCH (spot)<-[holds:HAS_CHANNEL]-(team:Team)
  WHERE all(x IN [holds, team] WHERE $case IS NULL OR $case IN x.cases)
  RETURN CASE
      WHEN spot:Chat THEN 'Chat: ' + coalesce(spot.topic, spot.kind, spot.id)
      ELSE coalesce(coalesce(team.name, team.id) + ' / ', '') + coalesce(spot.name, spot.id)
    END AS place
  ORDER BY place
  LIMIT 1
}
WITH bot, sum(messages) AS messages, collect(risky) AS risky, collect(DISTINCT place) AS places, min(first) AS first,
     max(last) AS last
RETURN coalesce(bot.name, bot.upn, bot.id) AS bot, bot.id AS id, messages,
       COLLECT { UNWIND risky AS some UNWIND some AS few UNWIND few AS url RETURN DISTINCT url ORDER BY url } AS urls,
       COLLECT { UNWIND places AS place RETURN place ORDER BY place } AS places, first, last
ORDER BY size(urls) DESC, messages DESC, bot, id, urls, places, first, last;
