"""The same job done in other ways, each as a good engineer would write it with these libraries."""
