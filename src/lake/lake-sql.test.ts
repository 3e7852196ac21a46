import { describe, expect, test } from 'vitest'
import { sqlTokens } from '../sql/sql-tokens.ts'
import { timeTravels } from './snapshot/time-travel-sql.ts'

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
    expect(
      found('FROM lake.t AS x AT (VERSION => 3), u "y z" AT (VERSION => 4), v AS w(a, b) AT (VERSION => 5)'),
    ).toEqual([
      ['lake.t AS x AT (VERSION => 3)', ['lake', 't'], 'VERSION', '3'],
      ['u "y z" AT (VERSION => 4)', ['u'], 'VERSION', '4'],
      ['v AS w(a, b) AT (VERSION => 5)', ['v'], 'VERSION', '5'],
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
