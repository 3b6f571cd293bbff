// name: scope
// title: What the investigation started from, and which teams it read
// description: Users, urls, messages and teams from which a case started with the reason why, and every team that was
//   read, with how many of its members and channels are known. What is not here was not looked at.
// returns: table
// columns: kind, entity, why, members, channels
// notebook: "Teams to investigate:"
// tags: case, place

CALL () {
  MATCH (run:Case)-[start:STARTED_FROM]->(thing:User|Url|Message)
  WHERE all(x IN [run, start, thing] WHERE $case IS NULL OR $case IN x.cases)
  RETURN toLower(head([label IN labels(thing) WHERE label IN ['User', 'Url', 'Message']])) AS kind,
         coalesce(thing.upn, thing.name, thing.id) AS entity, start.why AS why, null AS members, null AS channels
  UNION
  MATCH (team:Team)
  WHERE ($case IS NULL OR $case IN team.cases)
  RETURN 'team' AS kind, coalesce(team.name, team.id) AS entity,
         head(COLLECT {
           MATCH (run:Case)-[start:STARTED_FROM]->(team)
           WHERE all(x IN [run, start] WHERE $case IS NULL OR $case IN x.cases)
           RETURN start.why AS why
           ORDER BY why
         }) AS why,
         COUNT {
           MATCH (team)<-[member:MEMBER_OF]-(user:User)
           WHERE all(x IN [member, user] WHERE $case IS NULL OR $case IN x.cases)
           RETURN DISTINCT user
         } AS members,
         COUNT {
           MATCH (team)-[holds:HAS_CHANNEL]->(channel:Channel)
           WHERE all(x IN [holds, channel] WHERE $case IS NULL OR $case IN x.cases)
           RETURN DISTINCT channel
         } AS channels
}
RETURN kind, entity, why, members, channels
ORDER BY kind, entity, why, members, channels;
