// name: incident-timeline
// title: Everything around the malicious urls, in the order of time
// description: One row for each message, report, removal, opening, click, redirect, warning, connection and alert. what
//   is sent, reported, removed, opened, clicked, redirected, warned, connected or alert; who a user, a host or an alert;
//   detail the place and the number of people who received it, the verdict of the report, how it was removed, what Safe
//   Links did, where it led to or from, what matched, or the severity. url is absent for a message that Defender rated
//   phishing or malware without a malicious url.
// returns: table
// columns: at, what, who, url, detail
// tags: time, overview

CALL () {
  MATCH (url:Url {risky: true})
  WHERE ($case IS NULL OR $case IN url.cases) AND coalesce($case IN url.risky_in, url.risky)
  CALL (url) {
    MATCH (url)<-[did:OPENED]-(user:User)
    WHERE all(x IN [did, user] WHERE $case IS NULL OR $case IN x.cases)
    RETURN did.first_seen AS at, 'opened' AS what, coalesce(user.upn, user.name, user.id) AS who, null AS detail
    UNION ALL
    MATCH (url)<-[did:CLICKED]-(user:User)
    WHERE all(x IN [did, user] WHERE $case IS NULL OR $case IN x.cases)
    RETURN did.first_seen AS at, 'clicked' AS what, coalesce(user.upn, user.name, user.id) AS who,
           reduce(
             text = '',
             action IN [action IN coalesce(did.actions, []) WHERE coalesce($case + '/' + action IN did.actions_in, true)]
             | text + CASE text WHEN '' THEN '' ELSE ', ' END + action
           ) AS detail
    UNION ALL
    MATCH (url)<-[seen:WARNED_ABOUT]-(host:Host)
    WHERE all(x IN [seen, host] WHERE $case IS NULL OR $case IN x.cases)
    RETURN seen.first_seen AS at, 'warned' AS what, coalesce(host.name, host.id) AS who, null AS detail
    UNION ALL
    MATCH (url)<-[seen:CONNECTED_TO]-(host:Host)
    WHERE all(x IN [seen, host] WHERE $case IS NULL OR $case IN x.cases)
    RETURN seen.first_seen AS at, 'connected' AS what, coalesce(host.name, host.id) AS who,
           CASE
             WHEN $case IS NULL OR seen.match_in IS NULL THEN seen.match
             ELSE head([said IN seen.match_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
           END AS detail
    UNION ALL
    MATCH (url)-[led:REDIRECTS_TO]->(next:Url)
    WHERE all(x IN [led, next] WHERE $case IS NULL OR $case IN x.cases)
    RETURN led.first_seen AS at, 'redirected' AS what, null AS who, 'to ' + next.id AS detail
    UNION ALL
    MATCH (url)<-[led:REDIRECTS_TO]-(before:Url)
    WHERE all(x IN [led, before] WHERE $case IS NULL OR $case IN x.cases)
      AND NOT coalesce($case IN before.risky_in, before.risky, false)
    RETURN led.first_seen AS at, 'redirected' AS what, null AS who, 'from ' + before.id AS detail
    UNION ALL
    MATCH (url)<-[mentions:MENTIONS]-(alert:Alert)
    WHERE all(x IN [mentions, alert] WHERE $case IS NULL OR $case IN x.cases)
    RETURN coalesce(alert.time, alert.first_seen) AS at, 'alert' AS what, coalesce(alert.name, alert.id) AS who,
           alert.severity AS detail
  }
  RETURN at, what, who, url.id AS url, detail
  UNION ALL
  CALL () {
    MATCH (url:Url {risky: true})<-[contains:CONTAINS]-(message:Message)
    WHERE all(x IN [url, contains, message] WHERE $case IS NULL OR $case IN x.cases)
      AND coalesce($case IN url.risky_in, url.risky)
    RETURN message, url.id AS url
    UNION
    MATCH (message:Message {risky: true})
    WHERE ($case IS NULL OR $case IN message.cases) AND coalesce($case IN message.risky_in, message.risky)
      AND NOT EXISTS {
        MATCH (message)-[contains:CONTAINS]->(held:Url {risky: true})
        WHERE all(x IN [contains, held] WHERE $case IS NULL OR $case IN x.cases)
          AND coalesce($case IN held.risky_in, held.risky)
      }
    RETURN message, null AS url
  }
  CALL (message) {
    OPTIONAL MATCH (message)<-[sent:SENT]-(sender:User)
    WHERE all(x IN [sent, sender] WHERE $case IS NULL OR $case IN x.cases)
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
    WITH message, sent, sender, place, COUNT {
           MATCH (message)<-[got:RECEIVED]-(reader:User)
           WHERE all(x IN [got, reader] WHERE $case IS NULL OR $case IN x.cases)
           RETURN DISTINCT reader
         } AS readers
    RETURN coalesce(message.created, sent.at) AS at, 'sent' AS what,
           coalesce(sender.upn, sender.name, sender.id) AS who,
           CASE readers WHEN 0 THEN place ELSE coalesce(place + ', ', '') + 'received by ' + readers END AS detail
    UNION ALL
    MATCH (message)<-[told:REPORTED]-(user:User)
    WHERE all(x IN [told, user] WHERE $case IS NULL OR $case IN x.cases)
    RETURN told.at AS at, 'reported' AS what, coalesce(user.upn, user.name, user.id) AS who,
           CASE
             WHEN $case IS NULL OR told.verdict_in IS NULL THEN told.verdict
             ELSE head([said IN told.verdict_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
           END AS detail
    UNION ALL
    WITH message,
         CASE
           WHEN $case IS NULL OR message.zapped_in IS NULL THEN message.zapped
           ELSE datetime(head([said IN message.zapped_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)]))
         END AS zapped,
         CASE
           WHEN $case IS NULL OR message.deleted_in IS NULL THEN message.deleted
           ELSE datetime(head([said IN message.deleted_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)]))
         END AS deleted
    WITH message, coalesce(zapped, deleted) AS gone, CASE WHEN zapped IS NULL THEN 'deleted' ELSE '' END AS how
    WHERE gone IS NOT NULL
    OPTIONAL MATCH (message)<-[sent:SENT]-(sender:User)
    WHERE all(x IN [sent, sender] WHERE $case IS NULL OR $case IN x.cases)
    RETURN gone AS at, 'removed' AS what, coalesce(sender.upn, sender.name, sender.id) AS who,
           reduce(
             text = how,
             way IN [way IN coalesce(message.zap, []) WHERE coalesce($case + '/' + way IN message.zap_in, true)]
             | text + CASE text WHEN '' THEN '' ELSE ', ' END + way
           ) AS detail
  }
  RETURN at, what, who, url, detail
  UNION ALL
  CALL () {
    MATCH (url:Url {risky: true})<-[contains:CONTAINS]-(message:Message)
    WHERE all(x IN [url, contains, message] WHERE $case IS NULL OR $case IN x.cases)
      AND coalesce($case IN url.risky_in, url.risky)
    RETURN message, url
    UNION
    MATCH (message:Message {risky: true})
    WHERE ($case IS NULL OR $case IN message.cases) AND coalesce($case IN message.risky_in, message.risky)
      AND NOT EXISTS {
        MATCH (message)-[contains:CONTAINS]->(held:Url {risky: true})
        WHERE all(x IN [contains, held] WHERE $case IS NULL OR $case IN x.cases)
          AND coalesce($case IN held.risky_in, held.risky)
      }
    RETURN message, null AS url
  }
  MATCH (message)-[posted:POSTED_IN*0..1]->(named:Message|Channel|Chat)<-[mentions:MENTIONS]-(alert:Alert)
  WHERE all(x IN posted + [named, mentions, alert] WHERE $case IS NULL OR $case IN x.cases)
    AND NOT EXISTS {
      MATCH (alert)-[both:MENTIONS]->(url)
      WHERE ($case IS NULL OR $case IN both.cases)
    }
  RETURN DISTINCT coalesce(alert.time, alert.first_seen) AS at, 'alert' AS what, coalesce(alert.name, alert.id) AS who,
         url.id AS url, alert.severity AS detail
}
RETURN at, what, who, url, detail
ORDER BY at, what, who, url, detail;
