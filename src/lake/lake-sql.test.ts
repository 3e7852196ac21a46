import { describe, expect, test } from 'vitest'
import { refuseLakeChanges } from './changed-lake.ts'
import { sqlTokens } from './sql-tokens.ts'
import { timeTravels } from './time-travel-sql.ts'

describe('AT in SQL text', () => {
  const found = (sql: string): unknown[] =>
    timeTravels(sql).map(({ start, end, name, unit, expression }) => [sql.slice(start, end), name, unit, expression])

  test('is found behind names of any shape', () => {
    expect(
      found(
        'SELECT * FROM lake.events AT (VERSION => 3) AS e, lake."odd "" n".t at(timestamp=>now() - INTERVAL (1) DAY)',
      ),
    ).toEqual([
      ['lake.events AT (VERSION => 3)', ['lake', 'events'], 'VERSION', '3'],
      [
        'lake."odd "" n".t at(timestamp=>now() - INTERVAL (1) DAY)',
        ['lake', 'odd " n', 't'],
        'TIMESTAMP',
        'now() - INTERVAL (1) DAY',
      ],
    ])
    expect(found('FROM lake . events /* as */ AT -- it\n( VERSION => 3 )')).toEqual([
      ['lake . events /* as */ AT -- it\n( VERSION => 3 )', ['lake', 'events'], 'VERSION', '3'],
    ])
  })

  test.each([
    `SELECT 'lake.events AT (VERSION => 3)'`,
    `SELECT "lake.events AT (VERSION => 3)" FROM t`,
    '-- lake.events AT (VERSION => 3)\nSELECT 1',
    '/* a /* b */ lake.events AT (VERSION => 3) */ SELECT 1',
    '$$lake.events AT (VERSION => 3)$$',
    'SELECT at(version) FROM t',
    'SELECT f AT (OTHER => 3)',
    'FROM t AT (VERSION => 3',
    'FROM t AT (VERSION =>)',
    `SELECT E'\\' AT (VERSION => 3)'`,
  ])('is not seen in %s', (sql) => {
    expect(timeTravels(sql)).toEqual([])
  })

  test('takes texts apart without losing a sign', () => {
    const sql = `SELECT "a""b", 'c''d', $x$ ; $x$, e'\\'', 1.5e3 -- end\nFROM t /* /* ; */ */ WHERE a => b;`
    expect(
      sqlTokens(sql)
        .map(({ start, end }) => sql.slice(start, end))
        .join(' '),
    ).toBe(`SELECT "a""b" , 'c''d' , $x$ ; $x$ , e'\\'' , 1 . 5 e3 FROM t WHERE a => b ;`)
  })
})

describe('changes of a lake by SQL text', () => {
  test.each([
    'INSERT INTO lake.events VALUES (1)',
    'INSERT OR REPLACE INTO "lake".main.events SELECT 1',
    'WITH x AS (SELECT 1) INSERT INTO lake.events FROM x',
    'UPDATE lake.events SET a = 1',
    'DELETE FROM lake.events WHERE a = 1',
    'MERGE INTO lake.events USING x ON a = b WHEN MATCHED THEN DELETE',
    'TRUNCATE lake.events',
    'CREATE TABLE lake.more AS SELECT 1',
    'CREATE OR REPLACE TABLE lake.more(a INTEGER)',
    'CREATE TABLE IF NOT EXISTS LAKE.more(a INTEGER)',
    'CREATE VIEW lake.v AS SELECT 1',
    'CREATE SCHEMA lake.s',
    'DROP TABLE lake.events',
    'DROP SCHEMA IF EXISTS lake.s',
    'ALTER TABLE lake.events ADD COLUMN b INTEGER',
    `COMMENT ON TABLE lake.events IS 'x'`,
    `COPY lake.events FROM 'x.csv'`,
    'SELECT 1; DELETE FROM lake.events',
  ])('are refused: %s', (sql) => {
    expect(() => refuseLakeChanges(sql, ['lake'])).toThrow(/SQL text does not change the lake "lake"/)
  })

  test.each([
    'SELECT * FROM lake.events',
    'CREATE TABLE copy AS SELECT * FROM lake.events',
    'CREATE OR REPLACE TEMP VIEW v AS FROM lake.events',
    'INSERT INTO t SELECT * FROM lake.events',
    'DELETE FROM t WHERE a IN (FROM lake.events)',
    'UPDATE t SET a = (SELECT max(a) FROM lake.events)',
    `SELECT 'INSERT INTO lake.events'`,
    'SELECT lake.a FROM t AS lake WHERE "update" = 1',
    `COPY (FROM lake.events) TO 'x.csv'`,
    'EXPLAIN SELECT * FROM lake.events',
  ])('are not: %s', (sql) => {
    expect(() => refuseLakeChanges(sql, ['lake'])).not.toThrow()
  })
})
