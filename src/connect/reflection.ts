import type { EngineInfo } from '../engine/engine.ts'

type DialectName = EngineInfo['dialect']

/** A statement that lists tables and views: catalog, schema, name, type. Tables that hold rows of ours are left out. */
export function tablesText(dialect: DialectName): string {
  if (dialect === 'sqlite') {
    return [
      "SELECT 'main' AS catalog, 'main' AS schema, name, CASE type WHEN 'view' THEN 'VIEW' ELSE 'BASE TABLE' END AS type FROM sqlite_schema",
      " WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    ].join('\n')
  }
  const ours = dialect === 'postgres' ? 'lf\\_rows#%' : 'lf %#%'
  return [
    'SELECT table_catalog AS catalog, table_schema AS schema, table_name AS name, table_type AS type FROM information_schema.tables',
    ` WHERE table_schema NOT IN ('information_schema', 'pg_catalog') AND table_name NOT LIKE '${ours}' ESCAPE '\\' ORDER BY catalog, schema, name`,
  ].join('\n')
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
