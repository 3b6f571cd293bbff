// A graph of $messages messages, of the shape that investigations have: fifty messages a sender, three a url, one
// malicious url in a thousand. What the headers of the hunts give as examples is in it: benches/hunts/compare asks
// for that.
CREATE INDEX bench_n IF NOT EXISTS FOR (n:Bench) ON (n.n);
CALL db.awaitIndexes(300);
CREATE (:Case {id: 'BENCH', cases: ['BENCH'], started: datetime('2026-11-01T00:00:00Z'), finished: datetime('2026-11-01T01:00:00Z'),
               window_from: datetime('2026-10-01T00:00:00Z'), window_to: datetime('2026-11-01T00:00:00Z'), complete: true,
               gaps: ['seeds (log_analytics): table absent: MessageEvents; 1 affected']});
UNWIND range(0, 99) AS i
CREATE (t:Team {id: 'team-' + i, name: CASE i WHEN 0 THEN 'Finance Operations' ELSE 'Team ' + i END, cases: ['BENCH']})
WITH t, i UNWIND range(0, 3) AS k
CREATE (t)-[:HAS_CHANNEL {cases: ['BENCH']}]->(:Bench:Channel {n: 'channel-' + (i * 4 + k), id: '19:channel-' + (i * 4 + k), name: 'Channel ' + k,
         membership: CASE k WHEN 3 THEN 'private' ELSE 'standard' END, cases: ['BENCH']});
UNWIND range(0, $messages / 500 - 1) AS i
CREATE (:Bench:Chat {n: 'chat-' + i, id: '19:chat-' + i, kind: CASE i % 2 WHEN 0 THEN 'group' ELSE 'oneOnOne' END, cases: ['BENCH']});
UNWIND range(0, $messages / 500 - 1) AS i
CREATE (:Bench:Host {n: 'host-' + i, id: 'host-' + i, name: CASE i WHEN 0 THEN 'fin-lt-014.contoso.com' ELSE 'pc-' + i + '.contoso.com' END, os: 'Windows', cases: ['BENCH']});
UNWIND range(0, $messages / 50 - 1) AS i
CALL (i) {
  CREATE (u:Bench:User {n: 'user-' + i, id: 'user-' + i, name: 'Person ' + i, tenant: CASE WHEN i % 50 < 2 THEN 'tenant-' + (i % 300) ELSE 'home' END,
          upn: CASE i WHEN 0 THEN 'mila.hoffmann@contoso.com' ELSE 'user' + i + '@contoso.com' END,
          type: CASE i % 50 WHEN 1 THEN 'guest' WHEN 2 THEN 'external' WHEN 3 THEN 'bot' ELSE 'member' END,
          risky_sender: i % 20 = 0, cases: ['BENCH'], evidence: ['BENCH/' + i], evidence_count: 1})
  WITH u, i
  UNWIND range(0, 2) AS k
  MATCH (t:Team {id: 'team-' + ((i * 7 + k * 31) % 100)})
  CREATE (u)-[:MEMBER_OF {cases: ['BENCH']}]->(t)
  WITH DISTINCT u, i
  MATCH (h:Bench {n: 'host-' + (i % ($messages / 500))})
  CREATE (u)-[:USED {cases: ['BENCH'], count: 1}]->(h)
  WITH u, i
  MATCH (c:Bench {n: 'chat-' + (i % ($messages / 500))})
  CREATE (u)-[:PARTICIPATES_IN {cases: ['BENCH']}]->(c)
} IN TRANSACTIONS OF 5000 ROWS;
UNWIND range(0, $messages / 30 - 1) AS i
CALL (i) {
  CREATE (:Bench:Domain {n: 'domain-' + i, id: CASE i WHEN 0 THEN 'contoso-payroll.example' ELSE 'd' + i + '.example' END, suffix: 'example', cases: ['BENCH']})
} IN TRANSACTIONS OF 20000 ROWS;
UNWIND range(0, $messages / 3 - 1) AS i
CALL (i) {
  MATCH (d:Bench {n: 'domain-' + (i / 10)})
  WITH i, d, i % 1000 = 0 AS risky, 'https://' + CASE i WHEN 0 THEN 'login.contoso-payroll.example/oauth2/authorize?client_id=hr&state=8f21' ELSE 'h' + i + '.' + d.id + '/' + i END AS id
  CREATE (u:Bench:Url {n: 'url-' + i, id: id, scheme: 'https', host: 'h' + i + '.' + d.id, path: '/' + i, defanged: replace(id, 'http', 'hxxp'),
          risky: risky, severity: CASE WHEN risky THEN 'high' ELSE 'information' END, cases: ['BENCH'],
          first_seen: datetime('2026-10-01T00:00:00Z') + duration({seconds: i}), last_seen: datetime('2026-10-20T00:00:00Z') + duration({seconds: i}),
          evidence: ['BENCH/' + (i % 9000)], evidence_count: 1})
  CREATE (u)-[:ON_DOMAIN {cases: ['BENCH']}]->(d)
  WITH u, i, id, risky
  UNWIND ['otx', 'xforce'] AS provider
  CREATE (u)-[:HAS_VERDICT {cases: ['BENCH']}]->(:Verdict {id: provider + '|' + id, provider: provider,
          state: CASE WHEN risky AND (provider = 'otx' OR i % 2000 = 0) THEN 'hit' WHEN i % 50 = 7 THEN 'rate_limited' ELSE 'not_found' END,
          severity: CASE WHEN risky AND (provider = 'otx' OR i % 2000 = 0) THEN 'high' WHEN i % 50 = 7 THEN null ELSE 'information' END,
          checked: datetime('2026-11-01T00:00:00Z'), cases: ['BENCH']})
  WITH DISTINCT u, i
  SET u.signals = CASE i % 5000 WHEN 0 THEN ['smartscreen'] WHEN 3 THEN ['lookalike_domain'] END
} IN TRANSACTIONS OF 10000 ROWS;
UNWIND range(0, $messages - 1) AS i
CALL (i) {
  WITH i, datetime('2026-10-01T00:00:00Z') + duration({seconds: i * 2}) AS at
  MATCH (s:Bench {n: 'user-' + (i / 50)})
  MATCH (p:Bench {n: CASE WHEN i % 5 = 0 THEN 'chat-' + (i / 11 % ($messages / 500)) ELSE 'channel-' + (i / 7 % 400) END})
  MATCH (u:Bench {n: 'url-' + (i / 3)})
  CREATE (m:Bench:Message {n: 'message-' + i, id: p.id + '/' + i, created: at, modified: at + duration({minutes: i % 30}), edited: i % 30 = 29, importance: 'normal',
          preview: 'The minutes of Tuesday are in the usual place, please have a look', risky: u.risky, cases: ['BENCH'],
          first_seen: at, last_seen: at, evidence: ['BENCH/' + (i / 50)], evidence_count: 1})
  CREATE (s)-[:SENT {at: at, cases: ['BENCH']}]->(m)
  CREATE (m)-[:POSTED_IN {at: at, cases: ['BENCH']}]->(p)
  CREATE (m)-[:CONTAINS {origin: 'href', text: CASE WHEN i % 1000 = 2 THEN 'https://portal.contoso.com/' ELSE 'minutes' END, raw: u.id,
          wrapped_by: CASE WHEN i % 5 = 0 THEN ['safelinks'] END, mismatch: i % 1000 = 2, cases: ['BENCH']}]->(u)
} IN TRANSACTIONS OF 10000 ROWS;
// What Defender says of the messages in chats: two recipients each, one malicious one in four taken away, some reported.
UNWIND range(0, $messages - 1, 5) AS i
CALL (i) {
  MATCH (m:Bench {n: 'message-' + i})
  SET m.sources = ['defender'], m.recipients = 2, m.delivery = 'Teams', m.owned = i % 3 <> 0
  WITH m, i
  UNWIND [(i / 11 + 1) % ($messages / 50), CASE i % 15000 WHEN 0 THEN 0 ELSE (i / 11 + 54) % ($messages / 50) END] AS k
  MATCH (reader:Bench {n: 'user-' + k})
  CREATE (reader)-[:RECEIVED {at: m.created, cases: ['BENCH']}]->(m)
} IN TRANSACTIONS OF 10000 ROWS;
UNWIND range(0, $messages - 1, 3000) AS i
CALL (i) {
  MATCH (m:Bench {n: 'message-' + i})
  MATCH (reader:Bench {n: 'user-' + (i / 11 + 1) % ($messages / 50)})
  SET m.threats = ['Phish'],
      m.zap = CASE i % 12000 WHEN 0 THEN ['Phish ZAP'] END,
      m.zapped = CASE i % 12000 WHEN 0 THEN m.created + duration({minutes: i % 97}) END
  WITH m, reader, i
  WHERE i % 9000 = 0
  CREATE (reader)-[:REPORTED {at: m.created + duration({minutes: 9}), verdict: 'Phish', cases: ['BENCH']}]->(m)
} IN TRANSACTIONS OF 1000 ROWS;
// Every hundredth url leads over the next one to a third; malicious ones are among both ends.
UNWIND range(0, $messages / 3 - 5, 100) AS i
CALL (i) {
  MATCH (a:Bench {n: 'url-' + i})
  MATCH (b:Bench {n: 'url-' + (i + 1)})
  MATCH (c:Bench {n: 'url-' + (i + 2)})
  CREATE (a)-[:REDIRECTS_TO {count: 2, cases: ['BENCH'], first_seen: a.first_seen, last_seen: a.last_seen}]->(b)
  CREATE (b)-[:REDIRECTS_TO {count: 1, cases: ['BENCH'], first_seen: a.first_seen, last_seen: a.last_seen}]->(c)
} IN TRANSACTIONS OF 1000 ROWS;
UNWIND range(0, $messages / 5 - 1) AS i
CALL (i) {
  MATCH (a:Bench {n: 'message-' + (i * 5 + 1)})
  MATCH (b:Bench {n: 'message-' + (i * 5)})
  CREATE (a)-[:REPLY_TO {at: a.created, cases: ['BENCH']}]->(b)
} IN TRANSACTIONS OF 20000 ROWS;
UNWIND range(0, $messages / 3 - 1, 500) AS i
CALL (i) {
  MATCH (u:Bench {n: 'url-' + i})
  UNWIND range(0, 2) AS k
  MATCH (user:Bench {n: 'user-' + ((i + k * 13) % ($messages / 50))})
  MATCH (host:Bench {n: 'host-' + ((i + k * 11) % ($messages / 500))})
  CREATE (user)-[:CLICKED {count: 2, actions: ['ClickAllowed', 'ClickBlocked'], clicked_through: k = 1, ips: ['192.0.2.' + k], cases: ['BENCH'],
          first_seen: u.first_seen + duration({hours: k}), last_seen: u.first_seen + duration({hours: k + 1})}]->(u)
  CREATE (user)-[:OPENED {count: 1, apps: ['ms-teams.exe'], cases: ['BENCH'], first_seen: u.first_seen + duration({hours: k}), last_seen: u.first_seen + duration({hours: k})}]->(u)
  CREATE (host)-[:WARNED_ABOUT {count: 1, cases: ['BENCH'], first_seen: u.first_seen, last_seen: u.last_seen}]->(u)
  CREATE (host)-[:CONNECTED_TO {count: 1, match: 'url', sources: ['proxy'], cases: ['BENCH'], first_seen: u.first_seen, last_seen: u.last_seen}]->(u)
} IN TRANSACTIONS OF 100 ROWS;
UNWIND range(0, $messages / 3 - 1, 3000) AS i
CALL (i) {
  MATCH (u:Bench {n: 'url-' + i})
  MATCH (host:Bench {n: 'host-' + (i % ($messages / 500))})
  MATCH (user:Bench {n: 'user-' + (i % ($messages / 50))})
  CREATE (a:Alert {id: 'alert-' + i, name: CASE i WHEN 0 THEN 'A potentially malicious URL click was detected' ELSE 'Alert ' + i END, severity: 'High',
          time: u.first_seen, cases: ['BENCH']})
  CREATE (a)-[:MENTIONS {cases: ['BENCH']}]->(u)
  CREATE (a)-[:MENTIONS {cases: ['BENCH']}]->(host)
  CREATE (a)-[:MENTIONS {cases: ['BENCH']}]->(user)
} IN TRANSACTIONS OF 100 ROWS;
UNWIND range(0, 39) AS i
MATCH (u:Bench {n: 'user-' + i})
MATCH (c:Case {id: 'BENCH'})
CREATE (c)-[:STARTED_FROM {why: 'smartscreen', cases: ['BENCH']}]->(u);
MATCH (n:Bench)
CALL (n) {
  REMOVE n:Bench, n.n
} IN TRANSACTIONS OF 20000 ROWS;
DROP INDEX bench_n;
