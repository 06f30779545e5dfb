-- Run once, when the data folder is new: a database and a user for each of ledger and vectors, and nothing for anybody else.
\set ledger `cat /run/secrets/postgres-ledger`
\set vectors `cat /run/secrets/postgres-vectors`
CREATE ROLE ledger LOGIN PASSWORD :'ledger';
CREATE ROLE vectors LOGIN PASSWORD :'vectors';
CREATE DATABASE ledger OWNER ledger;
CREATE DATABASE vectors OWNER vectors;
REVOKE ALL ON DATABASE ledger FROM PUBLIC;
REVOKE ALL ON DATABASE vectors FROM PUBLIC;
REVOKE ALL ON DATABASE postgres FROM PUBLIC;
-- Tables are made and migrated by the first worker that comes: their owner needs no more than its own database.
\connect ledger
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT ALL ON SCHEMA public TO ledger;
\connect vectors
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT ALL ON SCHEMA public TO vectors;
