// UNTESTED: the least privileges for linktrail in Neo4j Enterprise and AuraDB, from Neo4j's manual. Community has one kind of
// user, so nothing here can be run there. Run it as an administrator against the database `system`, and put the name of your
// database in the place of `neo4j` (Aura names it after the instance).
//
// Two roles: one that writes cases, for `load`, `case push`, `case prune`, `case delete` and `schema apply`, and one that reads,
// for `hunt run` and Neo4j Browser. Give each its own user, and each user its own configuration.

// Whoever writes cases: constraints and indexes, and all of the graph.
CREATE ROLE linktrail_writer IF NOT EXISTS;
GRANT ACCESS ON DATABASE neo4j TO linktrail_writer;
GRANT NAME MANAGEMENT ON DATABASE neo4j TO linktrail_writer;
GRANT CONSTRAINT MANAGEMENT ON DATABASE neo4j TO linktrail_writer;
GRANT INDEX MANAGEMENT ON DATABASE neo4j TO linktrail_writer;
GRANT SHOW CONSTRAINT ON DATABASE neo4j TO linktrail_writer;
GRANT SHOW INDEX ON DATABASE neo4j TO linktrail_writer;
GRANT MATCH {*} ON GRAPH neo4j ELEMENTS * TO linktrail_writer;
GRANT WRITE ON GRAPH neo4j TO linktrail_writer;

// Whoever only asks.
CREATE ROLE linktrail_reader IF NOT EXISTS;
GRANT ACCESS ON DATABASE neo4j TO linktrail_reader;
GRANT MATCH {*} ON GRAPH neo4j ELEMENTS * TO linktrail_reader;

// Procedures. linktrail calls dbms.components, dbms.routing.getRoutingTable, and db.awaitIndexes when it writes; hunts may call
// db.labels, db.relationshipTypes, db.propertyKeys and db.schema.*. The role PUBLIC, which every user has, may call all procedures
// and load CSV from everywhere, unless an administrator takes that from it for everybody. These lines do so for the two roles.
GRANT EXECUTE PROCEDURE dbms.components, dbms.routing.getRoutingTable ON DBMS TO linktrail_writer, linktrail_reader;
GRANT EXECUTE PROCEDURE db.awaitIndexes ON DBMS TO linktrail_writer;
GRANT EXECUTE PROCEDURE db.labels, db.relationshipTypes, db.propertyKeys, db.schema.* ON DBMS TO linktrail_reader;
DENY LOAD ON ALL DATA TO linktrail_writer, linktrail_reader;

// The users. Choose passwords of your own, and have them changed where the policy says so.
// CREATE USER linktrail_load SET PASSWORD $load CHANGE NOT REQUIRED;
// CREATE USER linktrail_hunt SET PASSWORD $hunt CHANGE NOT REQUIRED;
// GRANT ROLE linktrail_writer TO linktrail_load;
// GRANT ROLE linktrail_reader TO linktrail_hunt;
