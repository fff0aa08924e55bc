//! REPORT (RFC 3253 3.6): finds the report by its root element and runs it.

use super::Method;
use crate::multistatus::drive;
use crate::xml::Name;
use crate::{Call, Refusal, Reply, ReportCall, Resource};
use async_trait::async_trait;
use http_door::Response;

/// REPORT
#[derive(Debug)]
pub(super) struct ReportMethod;

#[async_trait]
impl Method for ReportMethod {
    fn name(&self) -> &'static str {
        "REPORT"
    }

    fn allowed(&self, resource: Option<&Resource>) -> bool {
        resource.is_some()
    }

    async fn run(&self, mut call: Call) -> Reply<Response> {
        let body = call.xml().await?.ok_or_else(Refusal::bad_request)?;
        let resource = call.found()?.clone();
        let named = |report: &&std::sync::Arc<dyn crate::Report>| report.name() == body.name;
        let report = call.context.registry.reports().iter().find(named);
        let Some(report) = report.filter(|report| report.applies(&resource)).cloned() else {
            return Err(Refusal::forbidden(Name::dav("supported-report")));
        };
        let depth = call.depth()?;
        let call = ReportCall { context: call.context, resource, body, depth };
        drive(move |mut out| async move {
            let response = report.run(&call, &mut out).await?;
            Ok((response, out))
        })
        .await
    }
}
