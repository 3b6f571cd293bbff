// Constraints and indexes of linktrail's graph, generated from src/graph/schema.rs.
// `linktrail load` makes them itself; `linktrail schema apply` makes them alone.
CREATE CONSTRAINT linktrail_alert_id IF NOT EXISTS FOR (n:`Alert`) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT linktrail_case_id IF NOT EXISTS FOR (n:`Case`) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT linktrail_channel_id IF NOT EXISTS FOR (n:`Channel`) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT linktrail_chat_id IF NOT EXISTS FOR (n:`Chat`) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT linktrail_domain_id IF NOT EXISTS FOR (n:`Domain`) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT linktrail_host_id IF NOT EXISTS FOR (n:`Host`) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT linktrail_message_id IF NOT EXISTS FOR (n:`Message`) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT linktrail_team_id IF NOT EXISTS FOR (n:`Team`) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT linktrail_url_id IF NOT EXISTS FOR (n:`Url`) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT linktrail_user_id IF NOT EXISTS FOR (n:`User`) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT linktrail_verdict_id IF NOT EXISTS FOR (n:`Verdict`) REQUIRE n.id IS UNIQUE;
CREATE INDEX linktrail_alert_time IF NOT EXISTS FOR (n:`Alert`) ON (n.`time`);
CREATE INDEX linktrail_host_name IF NOT EXISTS FOR (n:`Host`) ON (n.`name`);
CREATE INDEX linktrail_message_created IF NOT EXISTS FOR (n:`Message`) ON (n.`created`);
CREATE INDEX linktrail_message_deleted IF NOT EXISTS FOR (n:`Message`) ON (n.`deleted`);
CREATE INDEX linktrail_message_risky IF NOT EXISTS FOR (n:`Message`) ON (n.`risky`);
CREATE INDEX linktrail_url_host IF NOT EXISTS FOR (n:`Url`) ON (n.`host`);
CREATE INDEX linktrail_url_risky IF NOT EXISTS FOR (n:`Url`) ON (n.`risky`);
CREATE INDEX linktrail_url_signals IF NOT EXISTS FOR (n:`Url`) ON (n.`signals`);
CREATE INDEX linktrail_user_upn IF NOT EXISTS FOR (n:`User`) ON (n.`upn`);
CREATE INDEX linktrail_user_risky_sender IF NOT EXISTS FOR (n:`User`) ON (n.`risky_sender`);
CREATE INDEX linktrail_verdict_provider IF NOT EXISTS FOR (n:`Verdict`) ON (n.`provider`);
CREATE INDEX linktrail_verdict_state IF NOT EXISTS FOR (n:`Verdict`) ON (n.`state`);
CREATE INDEX linktrail_verdict_counted IF NOT EXISTS FOR (n:`Verdict`) ON (n.`provider`, n.`state`, n.`severity`);
CREATE INDEX linktrail_contains_mismatch IF NOT EXISTS FOR ()-[r:`CONTAINS`]-() ON (r.`mismatch`);
