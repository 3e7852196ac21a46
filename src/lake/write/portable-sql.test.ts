import { describe, expect, it } from 'vitest'
import { portableSql } from './portable-sql.ts'

describe('SQL as a lake keeps it', () => {
  it('names the lake for everybody, and nothing else', () => {
    expect(
      portableSql('lake', `SELECT lake, t.lake.x, 'lake.t' FROM LAKE.main.t JOIN "lake" . u -- lake.v\nWHERE lake > 1`),
    ).toBe(
      `SELECT lake, t.lake.x, 'lake.t' FROM {DUCKLAKE_CATALOG}.main.t JOIN {DUCKLAKE_CATALOG} . u -- lake.v\nWHERE lake > 1`,
    )
    expect(portableSql('my "lake"', 'FROM "my ""lake""".t')).toBe('FROM {DUCKLAKE_CATALOG}.t')
  })
})
