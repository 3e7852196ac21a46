/** What `lakefront --help` prints. */
export const help = `Query, convert and inspect files of Parquet, Avro, CSV, JSON and Arrow with SQL. DuckDB runs inside, nothing else is installed or fetched.

Usage
  lakefront sql "SELECT …" [options]    run SQL; "-" reads it from standard input
  lakefront convert FILE OUTPUT [options]  write a file in another format, that of OUTPUT's name or of --format
  lakefront inspect FILE [options]      what a file holds: columns, rows, sizes, how it is written
  lakefront lake VERB LAKE [options]    a lake: init, tables, snapshots, compact, expire, vacuum, recover, check
  lakefront typegen [NAME=]FILE …       TypeScript declarations of rows: types db.table('name') and Tables['name']

A LAKE is a folder with catalog.ducklake, or a .ducklake file. FILE, and files named in SQL, are paths or http(s) URLs. An OUTPUT that ends in / is a folder of files.

Options of sql
  -f, --format table|csv|json|arrow|avro|parquet  how rows are written (default: by the name after -o, else table)
  -o, --output FILE                     write to a file instead of standard output; Parquet is written to files only
  -l, --lake LAKE                       a lake that SQL calls lake: SELECT … FROM lake.events
  -n, --rows N|all                      rows that a table shows (default 40)

Options of convert, and of sql with -o
  -f, --format csv|json|arrow|avro|parquet
  -O, --option NAME=VALUE               an option of the format, such as compression=zstd; may come several times
  --partition-by NAME,NAME              columns whose values become folders below OUTPUT, such as year=2024
  --mode overwrite|append|ignore|error  what happens when something is there (default: overwrite a file, leave a folder)
  --codec deflate|snappy|zstandard|null how blocks of Avro are compressed (default deflate)

Options of inspect
  -f, --format table|json

Options of lake
  -f, --format table|json|csv           how tables and snapshots are written; reports are JSON
  --dry-run                             compact, expire and vacuum only tell what they would do
  --older-than AGE                      what expire, vacuum and recover look at: '30 days', or an instant

Options of typegen
  --sql "CREATE TABLE …"                statements that make tables, all of which are written down
  -o, --output FILE                     the file to write, such as lakefront.d.ts

  -h, --help
  -v, --version

Formats
  table   for people: long values are cut
  csv     RFC 4180 with a header, lines end with a line feed; NULL is an empty field, an empty text is ""
  json    an array of objects, or with a name in .ndjson or .jsonl one on each line; what a JSON number cannot hold exactly is text: whole numbers from 2^53, decimals
  arrow   an Arrow IPC stream; by convert a file, for names in .arrows a stream
  avro    an Avro object container file
  parquet a Parquet file

Exit codes
  0 done   1 the query or the file is wrong   2 the command line is wrong   130 stopped by Ctrl-C

Examples
  lakefront sql "SELECT origin, avg(delay) AS delay FROM 'flights.parquet' GROUP BY ALL ORDER BY delay DESC LIMIT 5"
  lakefront sql "FROM 'flights.parquet'" --format csv | head
  lakefront convert flights.parquet flights.avro
  lakefront convert flights.parquet flights/ -f parquet --partition-by origin -O compression=zstd
  lakefront inspect flights.parquet
  lakefront sql --lake ./lake "SELECT count(*) FROM lake.events AT (VERSION => 3)"
`
