// name: patient-zero
// title: Where each malicious url came from, and whom it caught first
// description: For each malicious url in a message the earliest message that holds it, with its sender and place,
//   and the user who was the first to open or click it. recipients counts the people who received that message in a
//   chat; first_reporter is who was the first to report any message with the url.
// returns: table
// columns: url, severity, at, sender, place, message, first_opener, first_opened, recipients, first_reporter, first_reported
// tags: sender, time
// mitre: T1566.002

MATCH (url:Url {risky: true})
WHERE ($case IS NULL OR $case IN url.cases) AND coalesce($case IN url.risky_in, url.risky)
CALL (url) {
  MATCH (url)<-[contains:CONTAINS]-(message:Message)
  WHERE all(x IN [contains, message] WHERE $case IS NULL OR $case IN x.cases)
  RETURN message
  ORDER BY message.created, message.id
  LIMIT 1
}
OPTIONAL MATCH (message)<-[sent:SENT]-(sender:User)
WHERE all(x IN [sent, sender] WHERE $case IS NULL OR $case IN x.cases)
CALL (url) {
  OPTIONAL MATCH (url)<-[did:OPENED|CLICKED]-(opener:User)
  WHERE all(x IN [did, opener] WHERE $case IS NULL OR $case IN x.cases)
  RETURN coalesce(opener.upn, opener.name, opener.id) AS first_opener, did.first_seen AS first_opened
  ORDER BY first_opened, first_opener
  LIMIT 1
}
CALL (url) {
  OPTIONAL MATCH (url)<-[contains:CONTAINS]-(reported:Message)<-[told:REPORTED]-(reporter:User)
  WHERE all(x IN [contains, reported, told, reporter] WHERE $case IS NULL OR $case IN x.cases)
  RETURN coalesce(reporter.upn, reporter.name, reporter.id) AS first_reporter, told.at AS first_reported
  ORDER BY first_reported, first_reporter
  LIMIT 1
}
CALL (message) {
  OPTIONAL MATCH (message)-[posted:POSTED_IN]->(spot:Channel|Chat)
  WHERE all(x IN [posted, spot] WHERE $case IS NULL OR $case IN x.cases)
  OPTIONAL MATCH (spot)<-[holds:HAS_CHANNEL]-(team:Team)
  WHERE all(x IN [holds, team] WHERE $case IS NULL OR $case IN x.cases)
  RETURN CASE
      WHEN spot:Chat THEN 'Chat: ' + coalesce(spot.topic, spot.kind, spot.id)
      ELSE coalesce(coalesce(team.name, team.id) + ' / ', '') + coalesce(spot.name, spot.id)
    END AS place
  ORDER BY place
  LIMIT 1
}
CALL (url) {
  OPTIONAL MATCH (url)-[asked:HAS_VERDICT]->(verdict:Verdict)
  WHERE all(x IN [asked, verdict] WHERE $case IN x.cases)
  WITH url, collect(DISTINCT verdict.severity) AS said
  RETURN CASE
      WHEN $case IS NULL THEN url.severity
      ELSE coalesce(head([rating IN ['high', 'warning', 'information'] WHERE rating IN said]), 'unknown')
    END AS severity
}
RETURN url.id AS url, severity, coalesce(message.created, sent.at) AS at,
       coalesce(sender.upn, sender.name, sender.id) AS sender,
       place, message.id AS message, first_opener, first_opened,
       COUNT {
         MATCH (message)<-[got:RECEIVED]-(reader:User)
         WHERE all(x IN [got, reader] WHERE $case IS NULL OR $case IN x.cases)
         RETURN DISTINCT reader
       } AS recipients, first_reporter, first_reported
ORDER BY at, url, severity, sender, place, message, first_opener, first_opened, recipients, first_reporter,
         first_reported;
