"""The platform side: requests, pages, answers, and what each answer means."""
