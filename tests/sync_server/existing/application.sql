-- The tables of an application that knows nothing of the sync server. Their names, and types, aren't those of the document.
-- Its sessions aren't in UTC either.
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET TimeZone = ''Asia/Tokyo''', current_database()); END $$;
SET TimeZone = 'Asia/Tokyo';

CREATE SCHEMA crm;

CREATE TYPE crm.phase AS ENUM ('lead', 'customer');
-- What `schema.sql` asks for.
CREATE CAST (TEXT AS crm.phase) WITH INOUT AS ASSIGNMENT;
CREATE DOMAIN crm.account AS VARCHAR(100);

CREATE TABLE crm.person (
  nr BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_uuid UUID NOT NULL UNIQUE,
  first_name VARCHAR(200) NOT NULL,
  email TEXT,
  phase crm.phase,
  score SMALLINT,
  balance NUMERIC(20, 4),
  is_active BOOLEAN NOT NULL DEFAULT TRUE,
  tags JSONB,
  avatar BYTEA,
  salary TEXT,
  born_on DATE,
  account crm.account,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  updated_at TIMESTAMP NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
  only_here TEXT NOT NULL DEFAULT ''
);

CREATE TABLE crm.note (
  note_no BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  body TEXT NOT NULL,
  person UUID REFERENCES crm.person (person_uuid) DEFERRABLE INITIALLY DEFERRED,
  account TEXT COLLATE "C"
);

CREATE TABLE crm."Reply" (
  id UUID PRIMARY KEY,
  body TEXT NOT NULL,
  note_id BIGINT NOT NULL REFERENCES crm.note DEFERRABLE INITIALLY DEFERRED,
  owner_id TEXT
);

CREATE TABLE crm.opportunity (
  id UUID PRIMARY KEY,
  title TEXT NOT NULL,
  stage TEXT,
  team INTEGER
);

CREATE TABLE crm."to do" (
  id UUID PRIMARY KEY,
  title TEXT NOT NULL,
  done BOOLEAN NOT NULL DEFAULT FALSE,
  team_id BIGINT NOT NULL,
  "deletedAt" TIMESTAMPTZ
);

CREATE TABLE crm.country (
  code VARCHAR(2) PRIMARY KEY,
  name TEXT NOT NULL
);

-- By the names of the document, for tests that write to own tables as well.
CREATE VIEW contacts AS
SELECT
  person_uuid AS id, first_name, email, phase AS stage, score, balance, is_active, tags, avatar, salary, born_on,
  account AS owner_id
FROM crm.person;
CREATE VIEW notes AS SELECT note_no AS id, body, person AS contact_id, account AS owner_id FROM crm.note;
CREATE VIEW replies AS SELECT * FROM crm."Reply";
CREATE VIEW deals AS SELECT id, title, stage, team AS team_id FROM crm.opportunity;
CREATE VIEW tasks AS SELECT id, title, done, team_id, "deletedAt" AS deleted_at FROM crm."to do";
CREATE VIEW countries AS SELECT code, name FROM crm.country;
