//! Any database as its tables: what they are, what is in them, and rows made up for all of them.

use sqlx::{AssertSqlSafe, Row as _};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

type Connection = sqlx::SqliteConnection;
/// Every row of every table, as text.
pub type Rows = BTreeMap<String, BTreeSet<String>>;

/// A column, as SQLite knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub kind: String,
    /// Takes no null.
    pub is_required: bool,
    pub default: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    pub column: String,
    pub table: String,
    pub to: String,
    pub on_delete: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    pub columns: Vec<Column>,
    pub references: Vec<Reference>,
}

/// The tables of a database at one moment; those of the migrations themselves, which begin with an underscore, apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    pub tables: BTreeMap<String, Table>,
    pub own: BTreeMap<String, Table>,
}

async fn ask(db: &mut Connection, sql: String) -> Vec<sqlx::sqlite::SqliteRow> {
    sqlx::query(AssertSqlSafe(sql.clone())).fetch_all(db).await.unwrap_or_else(|e| panic!("{sql}: {e}"))
}

impl Schema {
    pub async fn read(db: &mut Connection) -> Self {
        let mut schema = Self::default();
        let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
        for row in ask(db, sql.into()).await {
            let name: String = row.get(0);
            let sql = format!("SELECT name, type, \"notnull\" OR pk > 0, dflt_value FROM pragma_table_info('{name}')");
            let columns = ask(db, sql).await.into_iter().map(|row| Column {
                name: row.get(0),
                kind: row.get(1),
                is_required: row.get(2),
                default: row.get(3),
            });
            let sql = format!("SELECT \"from\", \"table\", \"to\", on_delete FROM pragma_foreign_key_list('{name}')");
            let references = ask(db, sql).await.into_iter().map(|row| Reference {
                column: row.get(0),
                table: row.get(1),
                to: row.get(2),
                on_delete: row.get(3),
            });
            let table = Table { columns: columns.collect(), references: references.collect() };
            let part = if name.starts_with('_') { &mut schema.own } else { &mut schema.tables };
            part.insert(name, table);
        }
        schema
    }

    /// What is in these columns now.
    ///
    /// # Errors
    /// Names the table that no longer has them.
    pub async fn rows(&self, db: &mut Connection) -> Result<Rows, String> {
        let mut rows = Rows::new();
        for (name, table) in self.tables.iter().chain(&self.own) {
            let columns: Vec<String> = table.columns.iter().map(|c| format!("quote({name}.{})", c.name)).collect();
            let sql = format!("SELECT {} FROM {name}", columns.join(" || '|' || "));
            let found = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut *db).await;
            rows.insert(name.clone(), found.map_err(|e| format!("{name}: {e}"))?.into_iter().collect());
        }
        Ok(rows)
    }

    /// Puts the rows `range` into every table. They differ in every column, whatever is unique; every column that may be null
    /// is so in some; `known(table, column, row)` gives what must not be made up.
    pub async fn fill(
        &self,
        db: &mut Connection,
        range: Range<usize>,
        known: impl Fn(&str, &str, usize) -> Option<String>,
    ) {
        for name in self.order() {
            for i in range.clone() {
                let columns = self.tables[name].columns.iter();
                let cells: Vec<String> =
                    columns.clone().map(|c| self.cell(name, &c.name, i, range.start, &known)).collect();
                let names: Vec<&str> = columns.map(|c| c.name.as_str()).collect();
                let sql = format!("INSERT INTO {name} ({}) VALUES ({})", names.join(", "), cells.join(", "));
                ask(db, sql).await;
            }
        }
    }

    /// The tables, each behind those it refers to.
    fn order(&self) -> Vec<&str> {
        let mut order: Vec<&str> = Vec::new();
        while order.len() < self.tables.len() {
            let is_ready = |name: &&String, table: &Table| {
                !order.contains(&name.as_str())
                    && table.references.iter().all(|r| r.table == **name || order.contains(&r.table.as_str()))
            };
            let ready: Vec<&str> =
                self.tables.iter().filter(|(name, table)| is_ready(name, table)).map(|(n, _)| n.as_str()).collect();
            assert!(!ready.is_empty(), "tables refer to each other in a circle: fill them by hand");
            order.extend(ready);
        }
        order
    }

    /// A literal of SQL.
    fn cell(
        &self,
        table: &str,
        column: &str,
        i: usize,
        first: usize,
        known: &impl Fn(&str, &str, usize) -> Option<String>,
    ) -> String {
        let found = self.tables[table].columns.iter().find(|c| c.name == column).expect("a column of the table");
        if let Some(text) = known(table, column, i) {
            return quoted(&text);
        }
        let refers = self.tables[table].references.iter().find(|r| r.column == column);
        let refers_to_itself = refers.is_some_and(|r| r.table == table);
        if !found.is_required && (i.is_multiple_of(3) || (refers_to_itself && i == first)) {
            return "NULL".into();
        }
        if let Some(refers) = refers {
            let i = if refers_to_itself { first } else { i };
            return self.cell(&refers.table, &refers.to, i, first, known);
        }
        let hash = blake3::hash(format!("{table}.{column}").as_bytes());
        match found.kind.as_str() {
            // With what is easily lost on the way.
            "TEXT" => quoted(&format!("{table}.{column} {i}: it's \"ß → 中\"\n")),
            // Beyond what a float keeps.
            "BIGINT" => format!("{}", (1_i64 << 53) + i64::from(hash.as_bytes()[0]) * 1_000 + i as i64),
            "DOUBLE PRECISION" => format!("{}", 0.1 + i as f64),
            "BLOB" => format!("X'00FF{i:02X}'"),
            other => panic!("{table}.{column} is {other}: say here what to put into it"),
        }
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// What `after` has otherwise than `before`.
///
/// # Errors
/// Names the first table that differs, and a row.
pub fn same(before: &Rows, after: &Rows) -> Result<(), String> {
    for (table, rows) in before {
        let found = after.get(table).ok_or_else(|| format!("{table} is gone"))?;
        if let Some(lost) = rows.difference(found).next() {
            return Err(format!("{table} has lost {lost}"));
        }
        if let Some(new) = found.difference(rows).next() {
            return Err(format!("{table} has come to {new}"));
        }
    }
    Ok(())
}
