"""What make and pip call beside the programs; standard library only."""
