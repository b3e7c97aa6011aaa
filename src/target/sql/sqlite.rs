use crate::model::Project;
use crate::target::Files;

pub fn files(_project: &Project) -> anyhow::Result<Files> {
    Ok(Files::new())
}
