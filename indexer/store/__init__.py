"""The only room that imports the OpenSearch client."""
