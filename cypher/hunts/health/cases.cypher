// name: cases
// title: Which investigations the graph holds
// description: Every case with its window, when it was collected and by which version, whether it ran to its end,
//   the number of its gaps, of what it started from and of its malicious urls and senders.
// returns: table
// columns: case_id, started, finished, window_from, window_to, version, complete, gaps, starts, risky_urls, risky_senders
// tags: case, overview

MATCH (run:Case)
WHERE ($case IS NULL OR $case IN run.cases)
RETURN run.id AS case_id, run.started AS started, run.finished AS finished, run.window_from AS window_from,
       run.window_to AS window_to, run.version AS version, coalesce(run.complete, false) AS complete,
       size(coalesce(run.gaps, [])) AS gaps,
       COUNT {
         MATCH (run)-[start:STARTED_FROM]->(thing:User|Url|Team|Message)
         WHERE run.id IN start.cases
         RETURN DISTINCT thing
       } AS starts,
       COUNT {
         MATCH (url:Url {risky: true})
         WHERE run.id IN url.cases AND coalesce(run.id IN url.risky_in, url.risky)
         RETURN DISTINCT url
       } AS risky_urls,
       COUNT {
         MATCH (url:Url {risky: true})<-[contains:CONTAINS]-(message:Message)<-[sent:SENT]-(sender:User)
         WHERE all(x IN [url, contains, message, sent, sender] WHERE run.id IN x.cases)
           AND coalesce(run.id IN url.risky_in, url.risky)
         RETURN DISTINCT sender
       } AS risky_senders
ORDER BY started, case_id, finished, window_from, window_to, version, complete, gaps, starts, risky_urls, risky_senders;
