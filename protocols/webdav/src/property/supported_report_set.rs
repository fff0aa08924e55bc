//! `DAV:supported-report-set` (RFC 3253 3.1.5), derived from the list of reports.

use super::{Property, View};
use crate::xml::{Name, Writer};
use model::Result;

const NAME: Name = Name::dav("supported-report-set");

/// `supported-report-set`
#[derive(Debug)]
pub(super) struct SupportedReportSet;

impl Property for SupportedReportSet {
    fn name(&self) -> Name {
        NAME
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        const ENTRY: Name = Name::dav("supported-report");
        const REPORT: Name = Name::dav("report");
        out.open(&NAME);
        for report in view.context.registry.reports().iter().filter(|report| report.applies(view.resource)) {
            out.open(&ENTRY);
            out.open(&REPORT);
            out.empty(&report.name());
            out.close(&REPORT);
            out.close(&ENTRY);
        }
        out.close(&NAME);
        Ok(())
    }
}
