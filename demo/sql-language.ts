import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete'
import { keywordCompletionSource, PostgreSQL, SQLDialect } from '@codemirror/lang-sql'
import { LanguageSupport } from '@codemirror/language'
import type { Extension } from '@codemirror/state'

/** The columns and files that completion offers; asked anew at each completion. */
export type KnownColumns = () => readonly {
  readonly file: string
  readonly columns: readonly { name: string; typeName: string }[]
}[]

const functions =
  'abs any_value approx_count_distinct arg_max arg_min avg bar bool_and bool_or ceil coalesce day concat corr count cume_dist ' +
  'date_diff date_part date_trunc dayname dense_rank epoch first first_value floor format gcd greatest histogram hour ifnull lag last ' +
  'last_value lead least len length like_escape list list_aggregate ln log lower lpad max md5 median min minute mode month monthname ntile nullif ' +
  'percent_rank power printf quantile_cont random range rank regexp_extract regexp_matches regexp_replace repeat replace reverse ' +
  'round row_number rpad sign split sqrt stddev string_agg strftime strptime substring sum trim typeof unnest upper var_samp week year'

const keywords =
  'all and anti any array as asc asof between by case cast collate create cross current current_date current_timestamp desc describe ' +
  'distinct drop else end escape except exclude exists explain extract false filter first fetch following for from full glob group ' +
  'grouping having if ilike in inner intersect into is join lambda last lateral left like limit materialized natural not null nulls ' +
  'offset on only or order ordinality outer over partition pivot positional preceding qualify range recursive replace right rollup row ' +
  'rows sample select semi sets show similar some summarize table tablesample temp temporary then ties to true try_cast unbounded union ' +
  'unique unpivot using values view when where window with within'

/** DuckDB's dialect: PostgreSQL's, and what DuckDB adds. */
const duckdb = SQLDialect.define({
  ...PostgreSQL.spec,
  keywords,
  types:
    'bigint bit blob boolean date decimal double enum float hugeint integer interval json map numeric real smallint struct text time ' +
    'timestamp timestamptz tinyint ubigint uhugeint uinteger union usmallint utinyint uuid varchar',
  builtin: functions,
})

/** SQL with DuckDB's words, completing keywords, functions, and the columns and files of `known`. */
export function sqlLanguage(known: KnownColumns): Extension {
  const functionOptions: Completion[] = functions
    .split(' ')
    .map((name) => ({ label: name, type: 'function', apply: `${name}(`, boost: -1 }))
  const complete = (context: CompletionContext): CompletionResult | null => {
    const word = context.matchBefore(/[\w]+/)
    if (word === null && !context.explicit) return null
    const before = context.state.sliceDoc(Math.max(0, (word?.from ?? context.pos) - 1), word?.from ?? context.pos)
    if (before === "'" || before === '"') return null
    const options: Completion[] = [...functionOptions]
    const seen = new Set<string>()
    for (const { file, columns } of known()) {
      options.push({ label: `'${file}'`, detail: 'file', type: 'text' })
      for (const { name, typeName } of columns) {
        if (seen.has(name)) continue
        seen.add(name)
        options.push({ label: name, apply: sqlName(name), detail: typeName, type: 'property', boost: 2 })
      }
    }
    return { from: word?.from ?? context.pos, options, validFor: /^\w*$/ }
  }
  return [
    new LanguageSupport(duckdb.language),
    duckdb.language.data.of({ autocomplete: keywordCompletionSource(duckdb, true) }),
    duckdb.language.data.of({ autocomplete: complete }),
  ]
}

/** A column's name as SQL reads it: quoted when it has to be. */
export function sqlName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !reserved.has(name) ? name : `"${name.replaceAll('"', '""')}"`
}

const reserved: ReadonlySet<string> = new Set(
  (
    'all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create default deferrable ' +
    'desc describe distinct do else end except false fetch for foreign from group having in initially intersect into lambda lateral ' +
    'leading limit not null offset on only or order pivot placing primary qualify references returning select show some summarize ' +
    'symmetric table then to trailing true union unique unpivot using variadic when where window with'
  ).split(' '),
)
