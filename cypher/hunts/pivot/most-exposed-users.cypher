// name: most-exposed-users
// title: Who met the most malicious urls
// description: Numbers of distinct malicious urls that a user sent, received from somebody else (as Defender says, in a
//   standard channel of a team of theirs, or in a chat), opened or clicked, that a host of theirs was warned about or
//   went to, and that stood in a message they reported. Those who went furthest come first; at most limit users.
// parameters: limit integer optional default 100 example 20
// returns: table
// columns: user, name, received, opened, hosts, sent, reported
// tags: user, recipients, overview
// mitre: T1204.001

MATCH (url:Url {risky: true})
WHERE ($case IS NULL OR $case IN url.cases) AND coalesce($case IN url.risky_in, url.risky)
WITH collect(url) AS bad
CALL (bad) {
  UNWIND bad AS url
  MATCH (url)<-[contains:CONTAINS]-(message:Message)-[posted:POSTED_IN]->(spot:Channel|Chat)
  WHERE 'standard' = coalesce(CASE
      WHEN $case IS NULL OR spot.membership_in IS NULL THEN spot.membership
      ELSE head([said IN spot.membership_in WHERE said STARTS WITH $case + '/' | substring(said, size($case) + 1)])
    END, 'standard')
    AND all(x IN [contains, message, posted, spot] WHERE $case IS NULL OR $case IN x.cases)
  OPTIONAL MATCH (message)<-[sent:SENT]-(sender:User)
  WHERE all(x IN [sent, sender] WHERE $case IS NULL OR $case IN x.cases)
  WITH spot, url, collect(DISTINCT sender) AS senders
  WITH spot, collect({url: url, senders: senders}) AS lures
  CALL (spot) {
    MATCH (spot)<-[holds:HAS_CHANNEL]-(team:Team)<-[member:MEMBER_OF]-(user:User)
    WHERE all(x IN [holds, team, member, user] WHERE $case IS NULL OR $case IN x.cases)
    RETURN user
    UNION
    MATCH (spot)<-[takes_part:PARTICIPATES_IN]-(user:User)
    WHERE all(x IN [takes_part, user] WHERE $case IS NULL OR $case IN x.cases)
    RETURN user
  }
  RETURN user, 'received' AS how, [lure IN lures WHERE size(lure.senders) > 1 OR NOT user IN lure.senders | lure.url] AS urls
  UNION ALL
  UNWIND bad AS url
  MATCH (url)<-[contains:CONTAINS]-(message:Message)<-[got:RECEIVED]-(user:User)
  WHERE all(x IN [contains, message, got, user] WHERE $case IS NULL OR $case IN x.cases)
  RETURN user, 'received' AS how, collect(DISTINCT url) AS urls
  UNION ALL
  UNWIND bad AS url
  MATCH (url)<-[contains:CONTAINS]-(message:Message)<-[told:REPORTED]-(user:User)
  WHERE all(x IN [contains, message, told, user] WHERE $case IS NULL OR $case IN x.cases)
  RETURN user, 'reported' AS how, collect(DISTINCT url) AS urls
  UNION ALL
  UNWIND bad AS url
  MATCH (url)<-[contains:CONTAINS]-(message:Message)<-[sent:SENT]-(user:User)
  WHERE all(x IN [contains, message, sent, user] WHERE $case IS NULL OR $case IN x.cases)
  RETURN user, 'sent' AS how, collect(DISTINCT url) AS urls
  UNION ALL
  UNWIND bad AS url
  MATCH (url)<-[did:OPENED|CLICKED]-(user:User)
  WHERE all(x IN [did, user] WHERE $case IS NULL OR $case IN x.cases)
  RETURN user, 'opened' AS how, collect(DISTINCT url) AS urls
  UNION ALL
  UNWIND bad AS url
  MATCH (url)<-[seen:WARNED_ABOUT|CONNECTED_TO]-(host:Host)<-[used:USED]-(user:User)
  WHERE all(x IN [seen, host, used, user] WHERE $case IS NULL OR $case IN x.cases)
  RETURN user, 'host' AS how, collect(DISTINCT url) AS urls
}
// A url that reached a user in several ways counts once.
WITH user, how, collect(urls) AS found
WITH user, how, COUNT { UNWIND found AS some UNWIND some AS url RETURN DISTINCT url } AS urls
WITH user, sum(CASE how WHEN 'received' THEN urls ELSE 0 END) AS received,
     sum(CASE how WHEN 'opened' THEN urls ELSE 0 END) AS opened,
     sum(CASE how WHEN 'host' THEN urls ELSE 0 END) AS hosts,
     sum(CASE how WHEN 'sent' THEN urls ELSE 0 END) AS sent,
     sum(CASE how WHEN 'reported' THEN urls ELSE 0 END) AS reported
RETURN coalesce(user.upn, user.name, user.id) AS user, user.name AS name, received, opened, hosts, sent, reported
ORDER BY opened DESC, hosts DESC, received DESC, sent DESC, user, name, reported
LIMIT toInteger($limit);
