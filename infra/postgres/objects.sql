-- Everything the superuser owns in the application's database goes to the owner: after an older release, and whenever
-- someone has created a table by hand. What belongs to an extension stays, and owned objects follow. See roles.sh.
SELECT format('ALTER SCHEMA %I OWNER TO %I', nspname, :'owner')
FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND nspowner <> :'owner'::regrole \gexec

SELECT format('ALTER %s %I.%I OWNER TO %I', kind, nspname, relname, :'owner')
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
  JOIN (VALUES ('r', 'TABLE'), ('p', 'TABLE'), ('f', 'FOREIGN TABLE'), ('v', 'VIEW'), ('m', 'MATERIALIZED VIEW'), ('S', 'SEQUENCE'))
    AS kinds (letter, kind) ON letter = relkind::text
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND relowner <> :'owner'::regrole
  AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype IN ('a', 'e', 'i'))
\gexec

SELECT format('ALTER %s %s OWNER TO %I', CASE prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END,
              p.oid::regprocedure, :'owner')
FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND proowner <> :'owner'::regrole
  AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = p.oid AND deptype IN ('e', 'i'))
\gexec

SELECT format('ALTER TYPE %I.%I OWNER TO %I', nspname, typname, :'owner')
FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace
WHERE typtype IN ('d', 'e') AND nspname !~ '^pg_' AND nspname <> 'information_schema' AND typowner <> :'owner'::regrole
  AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_type'::regclass AND objid = t.oid AND deptype IN ('e', 'i'))
\gexec
