// name: collection-gaps
// title: What could not be collected, and why
// description: One row for each gap of each case; a case whose stages did not all run to their end has a row for
//   that as well. No rows mean that nothing is missing.
// returns: table
// columns: case_id, started, gap
// tags: gap

MATCH (run:Case)
WHERE ($case IS NULL OR $case IN run.cases)
UNWIND coalesce(run.gaps, [])
  + CASE WHEN run.complete THEN [] ELSE ['not complete: load the case again to go on with it'] END AS gap
RETURN run.id AS case_id, run.started AS started, gap
ORDER BY started, case_id, gap;
