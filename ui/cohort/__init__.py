"""The cohort page: many exams measured by one plan."""
