//! JUnit XML: a suite for each target, everything that explains a failure attached to its case.

use super::{Missing, Record, Reporter, Summary, TargetReport};
use crate::judge::{Concern, Status};
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};
use std::io::{self, Write};

pub(super) struct Junit<'a> {
    out: &'a mut dyn Write,
    report: Report,
    suite: Option<TestSuite>,
}

impl<'a> Junit<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, report: Report::new("sprig"), suite: None }
    }
}

impl Reporter for Junit<'_> {
    fn begin(&mut self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn target_begins(&mut self, target: &str, _: usize) -> io::Result<()> {
        self.suite = Some(TestSuite::new(target));
        Ok(())
    }

    fn record(&mut self, record: &Record) -> io::Result<()> {
        let text = record.explain();
        let mut case = TestCase::new(record.case.as_str(), status(record, &text));
        case.set_classname(record.target.as_str());
        case.add_property(Property::new("status", record.status.name()));
        if !text.is_empty() {
            case.set_system_out(text);
        }
        if let Some(suite) = &mut self.suite {
            suite.add_test_case(case);
        }
        Ok(())
    }

    fn target_ends(&mut self, report: &TargetReport) -> io::Result<()> {
        if let Some(mut suite) = self.suite.take() {
            if let Some(version) = &report.version {
                suite.add_property(Property::new("version", version.as_str()));
            }
            self.report.add_test_suite(suite);
        }
        Ok(())
    }

    fn target_missing(&mut self, target: &str, missing: &Missing) -> io::Result<()> {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(format!("{}; to add it: {}", missing.reason, missing.remedy));
        let mut suite = TestSuite::new(target);
        let mut case = TestCase::new("availability", status);
        case.set_classname(target);
        suite.add_test_case(case);
        self.report.add_test_suite(suite);
        Ok(())
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        for missing in &summary.missing {
            for target in &missing.targets {
                let mut status = TestCaseStatus::skipped();
                status.set_message(format!("{}; to add it: {}", missing.reason, missing.remedy));
                let mut case = TestCase::new("availability", status);
                case.set_classname(target.as_str());
                let mut suite = TestSuite::new(target.as_str());
                suite.add_test_case(case);
                self.report.add_test_suite(suite);
            }
        }
        let xml = self.report.to_string().map_err(io::Error::other)?;
        self.out.write_all(xml.as_bytes())
    }
}

/// JUnit knows success, failure, error and skipped. What is allowed to fail is skipped there, as other harnesses do:
/// neither does it fail the run nor may it count as a success.
fn status(record: &Record, text: &str) -> TestCaseStatus {
    let message = record.failures.first().map(|failure| failure.statement.clone()).or_else(|| record.detail.clone());
    let mut status = match (record.status, record.concern) {
        (Status::Error, _) => TestCaseStatus::non_success(NonSuccessKind::Error),
        (_, Concern::Failure) => TestCaseStatus::non_success(NonSuccessKind::Failure),
        (Status::Pass | Status::Changed | Status::UnexpectedPass, _) => return TestCaseStatus::success(),
        (Status::Skip | Status::ExpectedFail | Status::Fail | Status::Crash | Status::Hang, _) => {
            TestCaseStatus::skipped()
        }
    };
    let message = match (record.status, &record.listed) {
        (Status::ExpectedFail | Status::UnexpectedPass, Some(listed)) => {
            format!("{}: {}", record.status, listed.reason)
        }
        (Status::Skip, _) => message.unwrap_or_default(),
        _ => message.map_or_else(|| record.status.name().to_owned(), |message| format!("{}: {message}", record.status)),
    };
    status.set_message(message);
    status.set_type(record.status.name());
    if record.concern == Concern::Failure {
        status.set_description(text);
    }
    status
}
