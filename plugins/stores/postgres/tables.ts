/**
 * The tables of the store, in a schema of their own, and how older ones become those of today.
 *
 * @module
 */

/** Steps from one version of the tables to the next. One that was released is never changed: another one follows it. */
const STEPS: readonly string[] = [
  `
  create table dsgan.runs (
    number bigint generated always as identity primary key,
    id text collate "C" not null unique,
    scenario text not null,
    began timestamptz not null default clock_timestamp(),
    epoch integer not null default 1,
    op bigint not null default 0,
    holder jsonb,
    until timestamptz,
    last integer not null default 0,
    tags jsonb not null default '[]',
    status text,
    seconds double precision
  );
  comment on column dsgan.runs.epoch is 'writers that the run has had: what another than the last one writes is refused';
  comment on column dsgan.runs.op is 'what its writer has written, counted: a statement that was sent again comes late';
  comment on column dsgan.runs.holder is 'the process that writes it; null: none';
  comment on column dsgan.runs.until is 'when its lease lapses unless it is renewed';
  comment on column dsgan.runs.last is 'number of the last event';
  create table dsgan.events (
    run bigint not null references dsgan.runs on delete cascade,
    seq integer not null,
    line text not null,
    primary key (run, seq)
  );
  create table dsgan.files (
    run bigint not null references dsgan.runs on delete cascade,
    path text collate "C" not null,
    upload uuid not null,
    primary key (run, path)
  );
  create table dsgan.chunks (
    run bigint not null references dsgan.runs on delete cascade,
    upload uuid not null,
    n integer not null,
    data bytea not null,
    primary key (run, upload, n)
  );
  alter table dsgan.chunks alter column data set storage external;
  `,
];

/** The version that this code works with. */
export const VERSION: number = STEPS.length;

/** Processes that begin at once take their turns by this number of an advisory lock. */
const LOCK = 6_447_261_726_100;

/**
 * Brings the tables to {@link VERSION}: statements that are sent as one, and so are one transaction. No lock can be left
 * behind by a process that is cut off meanwhile.
 */
export function migration(): string {
  const steps = STEPS.map(
    (step, i) => `
    if not exists (select from dsgan.version where number >= ${i + 1}) then
      ${step}
      insert into dsgan.version (number) values (${i + 1});
    end if;`,
  );
  return `
    select pg_advisory_xact_lock(${LOCK});
    create schema if not exists dsgan;
    create table if not exists dsgan.version (number integer primary key, since timestamptz default clock_timestamp());
    do $migrate$ begin ${steps.join("")} end $migrate$;`;
}
