-- The roles themselves, for the whole server. See roles.sh.
\ir /run/prepared/database_passwords
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
SET client_min_messages = 'warning';
SELECT format('CREATE ROLE %I', name) FROM unnest(ARRAY[:'owner', :'user', :'backup', :'monitor']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec

BEGIN;
-- No password, so it cannot log in with one. pg_hba.conf lets it in without a password, but only from inside.
ALTER ROLE :"admin" PASSWORD NULL;
-- CREATEDB: a restore creates a database next to the existing one.
ALTER ROLE :"owner" LOGIN NOSUPERUSER CREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'owner_password';
ALTER ROLE :"user" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'user_password';
ALTER ROLE :"backup" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE REPLICATION NOBYPASSRLS PASSWORD :'backup_password';
ALTER ROLE :"monitor" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'monitor_password';
GRANT pg_read_all_data TO :"backup";
GRANT pg_monitor TO :"monitor";
-- A restore has to see whether anyone is using the database, and the WAL receiver how far it has come.
GRANT pg_read_all_stats TO :"owner", :"backup";
REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE postgres TO :"owner", :"backup", :"monitor";
ALTER DATABASE :"database" OWNER TO :"owner";
COMMIT;
