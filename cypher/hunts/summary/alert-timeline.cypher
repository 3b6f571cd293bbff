// name: alert-timeline
// title: Alerts that name a url of the investigation, in the order of time
// description: One row for each alert and url that it names.
// returns: table
// columns: at, alert, severity, url
// notebook: "Timeline of alerts"
// tags: alert, time

MATCH (alert:Alert)-[mentions:MENTIONS]->(url:Url)
WHERE all(x IN [alert, mentions, url] WHERE $case IS NULL OR $case IN x.cases)
RETURN coalesce(alert.time, alert.first_seen) AS at, coalesce(alert.name, alert.id) AS alert,
       alert.severity AS severity, url.id AS url
ORDER BY at, alert, url, severity;
