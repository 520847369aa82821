"""Every code of a finding, with what it means, an example that has it, and one that is mended."""
