//! A connection to PostgreSQL, driven from a thread of its own.

use crate::dialect;
use crate::error::{Error, Result};
use crate::value::{Kind, Row, Val};
use bytes::BytesMut;
use std::collections::HashMap;
use std::error::Error as StdError;
use tokio::runtime::Handle;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Config, NoTls, Statement};

/// Prepared statements kept per connection.
const STATEMENTS: usize = 512;

pub struct Postgres {
    config: Config,
    handle: Handle,
    client: Client,
    statements: HashMap<String, Statement>,
}

impl Postgres {
    /// Connects. Must be called from a thread that is not a runtime worker.
    pub fn connect(config: &Config, handle: &Handle) -> Result<Self> {
        let client = handle.block_on(dial(config, handle))?;
        Ok(Self {
            config: config.clone(),
            handle: handle.clone(),
            client,
            statements: HashMap::new(),
        })
    }

    /// Replaces a broken connection.
    pub fn reconnect(&mut self) -> Result<()> {
        self.statements.clear();
        self.client = self.handle.block_on(dial(&self.config, &self.handle))?;
        Ok(())
    }

    /// The connection and its runtime, for migrations.
    pub fn raw(&mut self) -> (&mut Client, &Handle) {
        (&mut self.client, &self.handle)
    }

    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    pub fn batch(&mut self, sql: &str) -> Result<()> {
        self.handle
            .block_on(self.client.batch_execute(sql))
            .map_err(|error| map(&error))
    }

    pub fn rows(&mut self, sql: &str, params: &[Val]) -> Result<Vec<Row>> {
        let statement = self.prepare(sql)?;
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|val| val as &(dyn ToSql + Sync)).collect();
        let rows = self
            .handle
            .block_on(self.client.query(&statement, &params))
            .map_err(|error| map(&error))?;
        rows.iter().map(read).collect()
    }

    pub fn execute(&mut self, sql: &str, params: &[Val]) -> Result<u64> {
        let statement = self.prepare(sql)?;
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|val| val as &(dyn ToSql + Sync)).collect();
        self.handle
            .block_on(self.client.execute(&statement, &params))
            .map_err(|error| map(&error))
    }

    fn prepare(&mut self, sql: &str) -> Result<Statement> {
        if let Some(known) = self.statements.get(sql) {
            return Ok(known.clone());
        }
        let translated = dialect::postgres(sql);
        let statement = self
            .handle
            .block_on(self.client.prepare(&translated))
            .map_err(|error| map(&error))?;
        if self.statements.len() >= STATEMENTS {
            self.statements.clear();
        }
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

async fn dial(config: &Config, handle: &Handle) -> Result<Client> {
    let (client, connection) = config.connect(NoTls).await.map_err(|error| map(&error))?;
    handle.spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a database connection ended");
        }
    });
    Ok(client)
}

fn read(row: &tokio_postgres::Row) -> Result<Row> {
    let mut values = Vec::with_capacity(row.len());
    for (at, column) in row.columns().iter().enumerate() {
        let wrong = |error: tokio_postgres::Error| Error::Value {
            column: at,
            message: error.to_string(),
        };
        let value = match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(at).map_err(wrong)?.map(Val::Int),
            Type::INT4 => row
                .try_get::<_, Option<i32>>(at)
                .map_err(wrong)?
                .map(|number| Val::Int(number.into())),
            Type::BOOL => row.try_get::<_, Option<bool>>(at).map_err(wrong)?.map(Val::Bool),
            Type::FLOAT8 => row.try_get::<_, Option<f64>>(at).map_err(wrong)?.map(Val::Real),
            Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(at).map_err(wrong)?.map(Val::Bytes),
            Type::TEXT | Type::VARCHAR | Type::NAME => {
                row.try_get::<_, Option<String>>(at).map_err(wrong)?.map(Val::Text)
            }
            ref other => {
                return Err(Error::Value {
                    column: at,
                    message: format!("type {other} is not read by this program"),
                });
            }
        };
        values.push(value.unwrap_or(Val::Null));
    }
    Ok(Row::new(values))
}

impl ToSql for Val {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Bool(flag) => flag.to_sql(ty, out),
            Self::Int(number) => match *ty {
                Type::INT4 => i32::try_from(*number)?.to_sql(ty, out),
                Type::INT2 => i16::try_from(*number)?.to_sql(ty, out),
                _ => number.to_sql(ty, out),
            },
            Self::Real(number) => number.to_sql(ty, out),
            Self::Text(text) => text.to_sql(ty, out),
            Self::Bytes(bytes) => bytes.to_sql(ty, out),
            Self::Ints(list) => list.to_sql(ty, out),
            Self::Texts(list) => list.to_sql(ty, out),
            Self::Column(kind, values) => column(*kind, values, ty, out),
        }
    }

    // The server checks the types when it prepares; a mismatch is an error there, with the column's name.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// One column of many rows as an array.
fn column(
    kind: Kind,
    values: &[Val],
    ty: &Type,
    out: &mut BytesMut,
) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
    match kind {
        Kind::Int => values
            .iter()
            .map(|val| {
                if let Val::Int(number) = val {
                    Some(*number)
                } else {
                    None
                }
            })
            .collect::<Vec<_>>()
            .to_sql(ty, out),
        Kind::Bool => values
            .iter()
            .map(|val| if let Val::Bool(flag) = val { Some(*flag) } else { None })
            .collect::<Vec<_>>()
            .to_sql(ty, out),
        Kind::Text => values
            .iter()
            .map(|val| {
                if let Val::Text(text) = val {
                    Some(text.as_str())
                } else {
                    None
                }
            })
            .collect::<Vec<_>>()
            .to_sql(ty, out),
        Kind::Bytes => values
            .iter()
            .map(|val| {
                if let Val::Bytes(bytes) = val {
                    Some(bytes.as_slice())
                } else {
                    None
                }
            })
            .collect::<Vec<_>>()
            .to_sql(ty, out),
    }
}

/// The error without the values that PostgreSQL puts in its detail.
fn map(error: &tokio_postgres::Error) -> Error {
    if let Some(db) = error.as_db_error() {
        let class = &db.code().code()[..2];
        return match class {
            "53" if db.code() == &SqlState::DISK_FULL => Error::NoRoom(db.message().to_owned()),
            "23" => Error::Conflict {
                constraint: db.constraint().unwrap_or(db.message()).to_owned(),
            },
            // Connection exceptions, insufficient resources, operator intervention (shutdown), system errors.
            "08" | "53" | "57" | "58" => Error::Unavailable(db.message().to_owned()),
            _ => Error::Sql {
                message: db.message().to_owned(),
            },
        };
    }
    let mut text = error.to_string();
    if let Some(source) = error.source() {
        text = format!("{text}: {source}");
    }
    if error.is_closed() || error.to_string().contains("connect") || error.to_string().contains("communicating") {
        Error::Unavailable(text)
    } else {
        Error::Sql { message: text }
    }
}
