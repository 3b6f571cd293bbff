// name: log-ends
// title: Where each log begins and ends, against the time that it was asked about
// description: The oldest and the newest event of each log that a case read, the place where it was found, and which end of
//   its time the log lacks: a log that ends early may not have received the last events yet, one that begins late did not
//   keep the first ones. The newest quarter of an hour is not missed, since every log takes a few minutes; neither is the
//   first day in advanced hunting when the time is as long as it keeps its tables, 30 days before the case started. A log
//   that is not here is absent, or where it ends could not be asked: collection-gaps says so.
// returns: table
// columns: case_id, log, place, oldest, newest, window_from, window_to, missing
// tags: gap

MATCH (run:Case)
WHERE ($case IS NULL OR $case IN run.cases)
UNWIND coalesce(run.log_ends, []) AS text
WITH run.id AS case_id, run.started AS started, split(text, '|') AS part
WITH case_id, started - duration('P30D') AS kept_from, part[0] AS log,
     CASE part[5] WHEN 'hunting' THEN 'advanced hunting' ELSE 'workspace' END AS place,
     CASE part[1] WHEN '' THEN null ELSE datetime(part[1]) END AS oldest,
     CASE part[2] WHEN '' THEN null ELSE datetime(part[2]) END AS newest,
     datetime(part[3]) AS window_from, datetime(part[4]) AS window_to
WITH case_id, log, place, oldest, newest, window_from, window_to,
     coalesce(place = 'advanced hunting' AND window_from - duration('P1D') < kept_from
              AND kept_from < window_from + duration('P1D'), false) AS as_kept
WITH case_id, log, place, oldest, newest, window_from, window_to,
     oldest > CASE WHEN as_kept THEN window_from + duration('P1D') ELSE window_from END AS late,
     newest < window_to - duration('PT15M') AS early
RETURN case_id, log, place, oldest, newest, window_from, window_to,
       CASE
         WHEN newest IS NULL THEN 'every event'
         WHEN late AND early THEN 'beginning and end'
         WHEN late THEN 'beginning'
         WHEN early THEN 'end'
       END AS missing
ORDER BY case_id, log, place, oldest, newest, window_from, window_to, missing;
