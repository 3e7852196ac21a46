import type { SimpleKind } from './logical-type.ts'

/** The name of every type without parameters, as DuckDB prints it. */
export const simpleNames: Readonly<Record<SimpleKind, string>> = {
  null: '"NULL"',
  boolean: 'BOOLEAN',
  tinyint: 'TINYINT',
  smallint: 'SMALLINT',
  integer: 'INTEGER',
  bigint: 'BIGINT',
  hugeint: 'HUGEINT',
  utinyint: 'UTINYINT',
  usmallint: 'USMALLINT',
  uinteger: 'UINTEGER',
  ubigint: 'UBIGINT',
  uhugeint: 'UHUGEINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  varchar: 'VARCHAR',
  json: 'JSON',
  blob: 'BLOB',
  bit: 'BIT',
  uuid: 'UUID',
  date: 'DATE',
  time: 'TIME',
  time_ns: 'TIME_NS',
  timetz: 'TIME WITH TIME ZONE',
  timestamp: 'TIMESTAMP',
  timestamp_s: 'TIMESTAMP_S',
  timestamp_ms: 'TIMESTAMP_MS',
  timestamp_ns: 'TIMESTAMP_NS',
  timestamptz: 'TIMESTAMP WITH TIME ZONE',
  interval: 'INTERVAL',
}

/** Every name DuckDB takes for a type without parameters, in lower case, and a few of other systems. */
export const typeAliases: ReadonlyMap<string, SimpleKind> = new Map(
  Object.entries({
    null: 'null',
    boolean: 'boolean bool logical',
    tinyint: 'tinyint int1 byte',
    smallint: 'smallint int2 int16 short',
    integer: 'integer int int4 int32 signed',
    bigint: 'bigint int8 int64 long oid',
    hugeint: 'hugeint int128',
    utinyint: 'utinyint uint8',
    usmallint: 'usmallint uint16',
    uinteger: 'uinteger uint32',
    ubigint: 'ubigint uint64',
    uhugeint: 'uhugeint uint128',
    float: 'float float4 real float32',
    double: 'double float8 float64',
    varchar: 'varchar string text char bpchar nvarchar character',
    json: 'json',
    blob: 'blob bytea binary varbinary bytes',
    bit: 'bit bitstring',
    uuid: 'uuid guid',
    date: 'date',
    time: 'time',
    time_ns: 'time_ns',
    timetz: 'timetz',
    timestamp: 'timestamp timestamp_us datetime',
    timestamp_s: 'timestamp_s',
    timestamp_ms: 'timestamp_ms',
    timestamp_ns: 'timestamp_ns',
    timestamptz: 'timestamptz timestamp_tz',
    interval: 'interval',
  } satisfies Record<SimpleKind, string>).flatMap(([kind, names]) =>
    names.split(' ').map((name) => [name, kind as SimpleKind] as const),
  ),
)

export const compositeNames: readonly string[] = ['decimal', 'numeric', 'enum', 'struct', 'row', 'map', 'union']
/** What error messages list. */
export const typeList: string =
  `${Object.keys(simpleNames).join(', ')}, decimal(p,s), enum('a',…), struct(name type,…), map(key, value), ` +
  'union(name type,…), type[], type[n]'

/** Words DuckDB does not take as a field name without quotes. */
export const reservedWords: ReadonlySet<string> = new Set(
  (
    'all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create default ' +
    'deferrable desc describe distinct do else end except false fetch for foreign from group having in initially ' +
    'intersect into lambda lateral leading limit not null offset on only or order pivot pivot_longer pivot_wider placing ' +
    'primary qualify references returning select show some summarize symmetric table then to trailing true union unique ' +
    'unpivot using variadic when where window with between bigint bit boolean char character coalesce dec decimal exists ' +
    'extract float grouping grouping_id inout int integer interval national nchar none nullif numeric out overlay ' +
    'position precision real row setof smallint substring time timestamp treat trim values varchar xmlattributes ' +
    'xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable anti asof at ' +
    'authorization binary by collation columns concurrently cross freeze full generated glob ilike inner is isnull join ' +
    'left like map natural notnull outer overlaps positional right semi similar struct tablesample try_cast unpack verbose'
  ).split(' '),
)
