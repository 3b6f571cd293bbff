// name: shared-infrastructure
// title: Domains that carry more than one malicious url
// description: Registrable domains and addresses with at least two malicious urls, and how many users sent them,
//   in how many messages, and how many hosts went there.
// returns: table
// columns: domain, urls, senders, messages, hosts
// tags: infrastructure
// mitre: T1583.001

MATCH (domain:Domain)<-[on:ON_DOMAIN]-(url:Url {risky: true})
WHERE all(x IN [domain, on, url] WHERE $case IS NULL OR $case IN x.cases)
  AND coalesce($case IN url.risky_in, url.risky)
WITH domain, url
ORDER BY url.id
WITH domain, collect(DISTINCT url) AS found
WHERE size(found) > 1
RETURN domain.id AS domain, [url IN found | url.id] AS urls,
       COUNT {
         UNWIND found AS url
         MATCH (url)<-[contains:CONTAINS]-(message:Message)<-[sent:SENT]-(sender:User)
         WHERE all(x IN [contains, message, sent, sender] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT sender
       } AS senders,
       COUNT {
         UNWIND found AS url
         MATCH (url)<-[contains:CONTAINS]-(message:Message)
         WHERE all(x IN [contains, message] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT message
       } AS messages,
       COUNT {
         UNWIND found AS url
         MATCH (url)<-[seen:WARNED_ABOUT|CONNECTED_TO]-(host:Host)
         WHERE all(x IN [seen, host] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT host
       } AS hosts
ORDER BY size(urls) DESC, domain, urls, senders, messages, hosts;
