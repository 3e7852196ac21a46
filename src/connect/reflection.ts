import type { EngineInfo } from '../engine/engine.ts'

type DialectName = EngineInfo['dialect']

/** A statement that lists tables and views: catalog, schema, name, type, comment. Tables that hold rows of ours are left out. */
export function tablesText(dialect: DialectName): string {
  if (dialect === 'sqlite') {
    return [
      "SELECT 'main' AS catalog, 'main' AS schema, name, CASE type WHEN 'view' THEN 'VIEW' ELSE 'BASE TABLE' END AS type, NULL AS comment FROM sqlite_schema",
      " WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    ].join('\n')
  }
  const [ours, comment] =
    dialect === 'postgres'
      ? ['lf\\_rows#%', "obj_description(to_regclass(format('%I.%I', table_schema, table_name)), 'pg_class')"]
      : ['lf %#%', 'table_comment']
  return [
    `SELECT table_catalog AS catalog, table_schema AS schema, table_name AS name, table_type AS type, ${comment} AS comment FROM information_schema.tables`,
    ` WHERE table_schema NOT IN ('information_schema', 'pg_catalog') AND table_name NOT LIKE '${ours}' ESCAPE '\\' ORDER BY catalog, schema, name`,
  ].join('\n')
}

/** A statement that lists the comments of a table's columns, and the values of its parameters; none where there are no comments. */
export function commentsText(
  dialect: DialectName,
  path: readonly string[],
): { readonly parts: readonly string[]; readonly values: readonly string[] } | undefined {
  if (dialect === 'sqlite') return undefined
  if (dialect === 'postgres') {
    const name = path.map((part) => `"${part.replaceAll('"', '""')}"`).join('.')
    return {
      parts: [
        'SELECT CAST(attname AS text) AS name, col_description(attrelid, attnum) AS comment FROM pg_attribute WHERE attnum > 0 AND attrelid = to_regclass(',
        ') AND col_description(attrelid, attnum) IS NOT NULL',
      ],
      values: [name],
    }
  }
  const table = path.at(-1)!
  const columns = 'FROM duckdb_columns() WHERE lower(table_name) = lower('
  const all = `SELECT column_name AS name, comment ${columns}`
  if (path.length === 3) {
    return {
      parts: [
        all,
        ') AND lower(schema_name) = lower(',
        ') AND lower(database_name) = lower(',
        ') AND comment IS NOT NULL',
      ],
      values: path.toReversed(),
    }
  }
  // `a.t` is in the schema `a`, or in the database `a`; what is temporary hides others.
  if (path.length === 2) {
    return {
      parts: [
        all,
        ') AND comment IS NOT NULL AND ((database_name = current_database() AND lower(schema_name) = lower(',
        ")) OR (schema_name = 'main' AND lower(database_name) = lower(",
        ')))',
      ],
      values: [table, path[0]!, path[0]!],
    }
  }
  return {
    parts: [
      all,
      `) AND comment IS NOT NULL AND CASE WHEN EXISTS (${columns}`,
      ") AND database_name = 'temp') THEN database_name = 'temp' ELSE database_name = current_database() AND schema_name = current_schema() END",
    ],
    values: [table, table],
  }
}

/**
 * A statement that lists the keys of a table, whose name stands between the parts: a row for each column of each, with the id and
 * kind of the key, and where it is foreign, table and column it leads to.
 */
export function keysText(dialect: DialectName): readonly string[] {
  return keys[dialect]
}

const keys: Readonly<Record<DialectName, readonly string[]>> = {
  duckdb: [
    `SELECT CAST(constraint_index AS VARCHAR) AS id, CASE constraint_type WHEN 'PRIMARY KEY' THEN 'primary' WHEN 'UNIQUE' THEN 'unique' ELSE 'foreign' END AS kind,
  unnest(constraint_column_names) AS name,
  CASE constraint_type WHEN 'FOREIGN KEY' THEN referenced_table END AS other_table,
  CASE constraint_type WHEN 'FOREIGN KEY' THEN unnest(referenced_column_names) END AS other_name
FROM duckdb_constraints() WHERE constraint_type IN ('PRIMARY KEY', 'UNIQUE', 'FOREIGN KEY') AND table_name = `,
    '',
  ],
  postgres: [
    `SELECT CAST(c.oid AS text) AS id, CASE c.contype WHEN 'p' THEN 'primary' WHEN 'u' THEN 'unique' ELSE 'foreign' END AS kind,
  CAST(a.attname AS text) AS name, CAST(f.relname AS text) AS other_table, CAST(b.attname AS text) AS other_name
FROM pg_constraint c
JOIN pg_class t ON t.oid = c.conrelid AND pg_table_is_visible(t.oid)
CROSS JOIN LATERAL unnest(c.conkey, c.confkey) WITH ORDINALITY AS k(own, other, position)
JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.own
LEFT JOIN pg_class f ON f.oid = c.confrelid
LEFT JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.other
WHERE c.contype IN ('p', 'u', 'f') AND t.relname = `,
    " ORDER BY c.contype = 'p' DESC, c.oid, k.position",
  ],
  sqlite: [
    `SELECT 'p' AS id, 'primary' AS kind, name, NULL AS other_table, NULL AS other_name FROM pragma_table_info(`,
    `) WHERE pk > 0
UNION ALL SELECT 'u' || l.seq, 'unique', i.name, NULL, NULL FROM pragma_index_list(`,
    `) AS l JOIN pragma_index_info(l.name) AS i WHERE l.origin = 'u'
UNION ALL SELECT 'f' || id, 'foreign', "from", "table", "to" FROM pragma_foreign_key_list(`,
    ')',
  ],
}
