//! What a set of plug-ins serves, by name, for documents: read from the same lists that requests are answered by.

use crate::{Plugin, method, property, report};
use std::sync::Arc;

/// Names of what is served, in the order of the lists.
#[derive(Clone, Debug, Default)]
pub struct Support {
    /// HTTP methods.
    pub methods: Vec<&'static str>,
    /// Root elements of reports.
    pub reports: Vec<String>,
    /// Live properties.
    pub properties: Vec<String>,
}

/// What the core serves by itself.
#[must_use]
pub fn core() -> Support {
    Support {
        methods: method::all().iter().map(|method| method.name()).collect(),
        reports: report::all().iter().map(|report| report.name().local.into_owned()).collect(),
        properties: property::all().iter().map(|property| property.name().local.into_owned()).collect(),
    }
}

/// What a plug-in adds.
#[must_use]
pub fn of_plugin(plugin: &Arc<dyn Plugin>) -> Support {
    Support {
        methods: plugin.methods().iter().map(|method| method.name()).collect(),
        reports: plugin.reports().iter().map(|report| report.name().local.into_owned()).collect(),
        properties: plugin.properties().iter().map(|property| property.name().local.into_owned()).collect(),
    }
}
