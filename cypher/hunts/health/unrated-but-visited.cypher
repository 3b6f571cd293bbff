// name: unrated-but-visited
// title: Urls that people went to and no provider has rated
// description: Urls that users opened or clicked or hosts were warned about or went to, and about which no provider
//   gave an answer; states are what came instead. Nothing said against them is not a clean bill.
// returns: table
// columns: url, states, openers, hosts, messages, first, last
// tags: intelligence, gap

MATCH (url:Url)<-[did:OPENED|CLICKED|WARNED_ABOUT|CONNECTED_TO]-(somebody:User|Host)
WHERE all(x IN [url, did, somebody] WHERE $case IS NULL OR $case IN x.cases)
WITH DISTINCT url
WHERE NOT EXISTS {
  MATCH (url)-[asked:HAS_VERDICT]->(verdict:Verdict)
  WHERE verdict.state IN ['hit', 'clean', 'not_found']
    AND all(x IN [asked, verdict] WHERE $case IS NULL OR $case IN x.cases)
}
RETURN url.id AS url,
       COLLECT {
         MATCH (url)-[asked:HAS_VERDICT]->(verdict:Verdict)
         WHERE all(x IN [asked, verdict] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT verdict.provider + ':' + verdict.state AS state
         ORDER BY state
       } AS states,
       COUNT {
         MATCH (url)<-[acted:OPENED|CLICKED]-(user:User)
         WHERE all(x IN [acted, user] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT user
       } AS openers,
       COUNT {
         MATCH (url)<-[seen:WARNED_ABOUT|CONNECTED_TO]-(host:Host)
         WHERE all(x IN [seen, host] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT host
       } AS hosts,
       COUNT {
         MATCH (url)<-[contains:CONTAINS]-(message:Message)
         WHERE all(x IN [contains, message] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT message
       } AS messages,
       url.first_seen AS first, url.last_seen AS last
ORDER BY hosts DESC, openers DESC, url, states, messages, first, last;
