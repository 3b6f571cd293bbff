// name: lure-texts
// title: Malicious urls that were shown under different texts
// description: Malicious urls whose links had more than one text: the same page was dressed up for different
//   readers. mismatches counts the links whose text showed another address.
// returns: table
// columns: url, severity, texts, messages, senders, mismatches
// tags: url, lure
// mitre: T1036

MATCH (url:Url {risky: true})<-[contains:CONTAINS]-(message:Message)
WHERE all(x IN [url, contains, message] WHERE $case IS NULL OR $case IN x.cases)
  AND coalesce($case IN url.risky_in, url.risky)
OPTIONAL MATCH (message)<-[sent:SENT]-(sender:User)
WHERE all(x IN [sent, sender] WHERE $case IS NULL OR $case IN x.cases)
WITH url, contains, message, sender,
     CASE
       WHEN $case IS NULL OR contains.text_in IS NULL THEN contains.text
       ELSE head([said IN contains.text_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
     END AS text
WHERE text IS NOT NULL
ORDER BY text
WITH url, collect(DISTINCT text) AS texts, count(DISTINCT message) AS messages,
     count(DISTINCT sender) AS senders,
     count(DISTINCT CASE WHEN coalesce($case IN contains.mismatch_in, contains.mismatch) THEN contains END) AS mismatches
WHERE size(texts) > 1
CALL (url) {
  OPTIONAL MATCH (url)-[asked:HAS_VERDICT]->(verdict:Verdict)
  WHERE all(x IN [asked, verdict] WHERE $case IN x.cases)
  WITH url, collect(DISTINCT verdict.severity) AS said
  RETURN CASE
      WHEN $case IS NULL THEN url.severity
      ELSE coalesce(head([rating IN ['high', 'warning', 'information'] WHERE rating IN said]), 'unknown')
    END AS severity
}
RETURN url.id AS url, severity, texts, messages, senders, mismatches
ORDER BY size(texts) DESC, url, severity, texts, messages, senders, mismatches;
