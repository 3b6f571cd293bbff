//! The errors in a configuration, collected into one.

use std::fmt;

use super::domains::MissingDomains;

/// All errors in the configuration. Each names the file or the variable that it is about, and says what to do. The
/// texts never contain a secret.
#[derive(Debug)]
pub struct ConfigError {
    problems: Vec<String>,
    only_domains: Option<Box<MissingDomains>>,
}

impl ConfigError {
    /// The errors, each with a text of one line. There is at least one.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// What to ask for the internal domains, if nothing else is missing or wrong.
    pub fn only_domains(&self) -> Option<&MissingDomains> {
        self.only_domains.as_deref()
    }

    pub(super) fn one(problem: String) -> Self {
        Self {
            problems: vec![problem],
            only_domains: None,
        }
    }

    pub(super) fn without_domains(missing: MissingDomains) -> Self {
        Self {
            problems: vec![missing.text.to_string()],
            only_domains: Some(Box::new(missing)),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.problems[..] {
            [problem] => f.write_str(problem),
            problems => {
                write!(f, "the configuration has {} errors:", problems.len())?;
                for problem in problems {
                    write!(f, "\n  - {problem}")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for ConfigError {}

/// Collects problems while a configuration is read, so that all are reported together.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<String>);

impl Problems {
    pub(super) fn add(&mut self, problem: impl Into<String>) {
        self.0.push(problem.into());
    }

    /// The value of a result; an error is collected, and `None` is returned.
    pub(super) fn check<T>(&mut self, result: Result<T, String>) -> Option<T> {
        result.map_err(|problem| self.add(problem)).ok()
    }

    /// All problems, in the order in which they were found.
    pub(super) fn into_list(self) -> Vec<String> {
        self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value, if there were no errors. A caller without a value must have added an error.
    pub(super) fn into_result<T>(self, value: Option<T>) -> Result<T, ConfigError> {
        match value.filter(|_| self.0.is_empty()) {
            Some(value) => Ok(value),
            None => Err(ConfigError {
                problems: self.0,
                only_domains: None,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_problem_is_a_line_and_several_are_a_list() {
        let mut problems = Problems::default();
        assert!(Problems::default().into_result(Some(())).is_ok());
        problems.add("a is missing");
        assert_eq!(
            Problems(problems.0.clone())
                .into_result(Some(()))
                .unwrap_err()
                .to_string(),
            "a is missing"
        );
        assert_eq!(problems.check::<()>(Err("b is wrong".to_owned())), None);
        assert_eq!(
            problems.into_result(Some(())).unwrap_err().to_string(),
            "the configuration has 2 errors:\n  - a is missing\n  - b is wrong"
        );
    }
}
